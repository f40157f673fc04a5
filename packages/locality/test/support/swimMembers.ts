/** SWIM members on a network in memory, with what rides on their heartbeats. */
import { createHash } from "node:crypto"

import {
  type Heartbeats,
  type PeerCalls,
  type Swim,
  SwimHeartbeats,
  SwimMembership
} from "@coterie/membership"
import type { SwimMemoryNetwork } from "@coterie/membership/testing"
import { Effect, Layer, Redacted } from "effect"

const keys = [Redacted.make(createHash("sha256").update("swim").digest("base64"))] as const

/** The services of a member whose id is its address; `a` is the seed, and the voters are `a` and `b`. */
export const swimMember = (
  self: string,
  network: SwimMemoryNetwork
): Layer.Layer<Heartbeats | PeerCalls | Swim> =>
  SwimHeartbeats.layer({ voters: ["a", "b"] }).pipe(
    Layer.provideMerge(SwimMembership.layer({ cluster: "test", self, keys, seeds: ["a"] })),
    Layer.provide(network.layer(self)),
    Layer.orDie
  )

/** Waits in real time until all members see so many. */
export const untilMeshed = (swims: ReadonlyArray<Swim["Service"]>): Effect.Effect<void> =>
  Effect.forEach(swims, ({ size }) => size).pipe(
    Effect.flatMap((sizes) =>
      sizes.every((size) => size === swims.length)
        ? Effect.void
        : Effect.andThen(Effect.sleep("10 millis"), untilMeshed(swims))
    )
  )
