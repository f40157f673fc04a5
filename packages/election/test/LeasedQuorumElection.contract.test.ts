import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

import { HeartbeatLeaseTransport, LeasedQuorumElection, PromiseStore } from "../src/index.ts"
import { electionContract } from "../src/testing/index.ts"
import type { ElectionOf } from "./support/electionWorldOn.ts"
import { heartbeatElectionWorld } from "./support/heartbeatElectionWorld.ts"
import { swimElectionWorld } from "./support/swimElectionWorld.ts"

/** Each node's promise outlives its crashes, as a disk would have it. */
const leased = (): ElectionOf => {
  const disks = new Map<string, number>()
  return (self) =>
    LeasedQuorumElection.layer().pipe(
      Layer.provide(HeartbeatLeaseTransport.layer),
      Layer.provide(
        Layer.succeed(PromiseStore, {
          load: Effect.sync(() => disks.get(self) ?? 0),
          save: (promised) => Effect.sync(() => void disks.set(self, promised))
        })
      )
    )
}

const worlds = { "over heartbeats": heartbeatElectionWorld, "over SWIM": swimElectionWorld }

for (const [where, world] of Object.entries(worlds)) {
  describe(`LeasedQuorumElection ${where}`, () => {
    for (const { name, run } of electionContract) {
      it.effect(name, () => Effect.suspend(() => run.pipe(Effect.provide(world(leased())))))
    }
  })
}
