/** What the rebalancer does when the membership changes. */
import { Membership } from "@coterie/membership"
import { Effect, Layer, Stream } from "effect"

import { shouldKick } from "./core/liveness.ts"
import { Rebalancer } from "./Rebalancer.ts"

/** Kicks the rebalancer when a member is new, back, dead or gone, until the scope ends; a suspicion kicks nobody. */
export const layerKickOnMembershipChange: Layer.Layer<never, never, Membership | Rebalancer> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const membership = yield* Membership
      const rebalancer = yield* Rebalancer
      yield* membership.changes.pipe(
        Stream.filter(({ member, previous }) => shouldKick(previous, member.state)),
        Stream.runForEach(() => rebalancer.kick),
        Effect.forkScoped({ startImmediately: true })
      )
    })
  )
