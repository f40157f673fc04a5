import { type RttProbe, SwimRttProbe } from "@coterie/locality"
import { Membership, type PeerCalls } from "@coterie/membership"
import { Effect, Layer } from "effect"

import { besideOf } from "./core/planNodes.ts"

/** Round trips by calls between the agents, over SWIM. */
export const swimRtt: Layer.Layer<RttProbe, never, Membership | PeerCalls> = Layer.unwrap(
  Effect.map(Membership, ({ members }) =>
    SwimRttProbe.layer({ memberOf: (target) => Effect.map(members, (all) => besideOf(all)(target)?.id) })
  )
)
