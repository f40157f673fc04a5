/** An election over SWIM, whose packets and streams travel in memory; everything has its default timing. */
import { createHash } from "node:crypto"

import { SwimHeartbeats, SwimMembership } from "@coterie/membership"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { Duration, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"

import { electionWorldOn, members } from "./electionWorldOn.ts"

const keys = [Redacted.make(createHash("sha256").update("swim").digest("base64"))] as const

/** Time passes in small steps, as it does for processes that do not stand still. */
const stepMillis = 50

/** A fresh world; closes with its scope. */
export const swimElectionWorld = electionWorldOn(
  Effect.map(makeSwimMemoryNetwork, (network) => ({
    heartbeats: (self) =>
      SwimHeartbeats.layer({ voters: members }).pipe(
        Layer.provideMerge(SwimMembership.layer({ cluster: "test", self, keys, seeds: members })),
        Layer.provide(network.layer(self))
      ),
    cut: (from, to) => Effect.sync(() => network.cut(from, to)),
    heal: (from, to) => Effect.sync(() => network.mend(from, to)),
    advance: (duration) =>
      Effect.forEach(
        Array.from({ length: Math.ceil(Duration.toMillis(duration) / stepMillis) }),
        () => TestClock.adjust(stepMillis),
        { discard: true }
      )
  }))
)
