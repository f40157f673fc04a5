/** An election over heartbeats by request and response, whose network is in memory. */
import { HeartbeatMembership } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

import { electionWorldOn, members } from "./electionWorldOn.ts"

const peers = members.map((id) => ({ id, address: id }))

/** A fresh world; closes with its scope. */
export const heartbeatElectionWorld = electionWorldOn(
  Effect.map(makeMemoryNetwork, (network) => ({
    heartbeats: (self) =>
      HeartbeatMembership.layer({ cluster: "test", self, peers }).pipe(Layer.provide(network.layer(self))),
    cut: (from, to) => network.cut(from, to),
    heal: (from, to) => network.heal(from, to),
    advance: TestClock.adjust
  }))
)
