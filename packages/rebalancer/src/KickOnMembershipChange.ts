/** What the rebalancer does when the membership changes. */
import { type Member, Membership } from "@coterie/membership"
import { Effect, Layer, Stream } from "effect"

import { shouldKick } from "./core/liveness.ts"
import { Rebalancer } from "./Rebalancer.ts"

/** Kicks the rebalancer when a member is new, back, dead or gone, until the scope ends; a suspicion kicks nobody. */
export const layerKickOnMembershipChange: Layer.Layer<never, never, Membership | Rebalancer> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const membership = yield* Membership
      const rebalancer = yield* Rebalancer
      /** A configured member that was never heard is `suspect`, yet not known: its first sign of life is news. */
      const known = new Set((yield* membership.members).filter(isAlive).map(({ id }) => id))
      yield* membership.changes.pipe(
        Stream.filter(({ member, previous }) => {
          const before = known.has(member.id) ? previous : undefined
          if (isAlive(member)) known.add(member.id)
          return shouldKick(before, member.state)
        }),
        Stream.runForEach(() => rebalancer.kick),
        Effect.forkScoped({ startImmediately: true })
      )
    })
  )

const isAlive = ({ state }: Member): boolean => state === "alive"
