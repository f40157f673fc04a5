import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { consensusGroupsContract } from "../src/testing/index.ts"
import { fakeWorld, memoryWorld } from "./support/groupsWorlds.ts"

const worlds = {
  "in memory": memoryWorld,
  "rqlite, over its fake": fakeWorld(),
  "rqlite with the old form of /nodes, over its fake": fakeWorld({ legacyNodes: true })
}

for (const [name, world] of Object.entries(worlds)) {
  describe.concurrent(`ConsensusGroups ${name}`, () => {
    for (const { name: promise, run } of consensusGroupsContract) {
      it.live(promise, () => Effect.provide(run, world))
    }
  })
}
