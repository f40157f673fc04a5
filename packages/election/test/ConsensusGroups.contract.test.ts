import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { consensusGroupsContract } from "../src/testing/index.ts"
import { fakeWorld, measuringWorld, memoryWorld, untargetedWorld } from "./support/groupsWorlds.ts"

const worlds = {
  "in memory": memoryWorld,
  "in memory, without targets": untargetedWorld,
  "in memory, with round trips": measuringWorld,
  "rqlite, over its fake": fakeWorld(),
  "rqlite 10.2.7, over its fake": fakeWorld({ version: "v10.2.7" }),
  "rqlite with the old form of /nodes, over its fake": fakeWorld({ legacyNodes: true })
}

for (const [name, world] of Object.entries(worlds)) {
  describe.concurrent(`ConsensusGroups ${name}`, () => {
    for (const { name: promise, run } of consensusGroupsContract) {
      it.live(promise, () => Effect.provide(run, world))
    }
  })
}
