/** What `resign` and `transfer` have in common, whatever the strategy: only a leader lets go, and it does so to the end. */
import type { NodeId } from "@coterie/membership"
import { Effect, Fiber, type Scope } from "effect"

import { type Election, NotLeading, TransferRefused } from "./Election.ts"

/** What a strategy says of leadership at the moment of the call. */
export type LeadershipView = Pick<Election["Service"], "self" | "isLeader" | "leadership">

/** Fails with `NotLeading` unless this node leads. */
export const mustLead = ({ isLeader, leadership, self }: LeadershipView): Effect.Effect<void, NotLeading> =>
  Effect.gen(function* () {
    if (yield* isLeader) return
    return yield* new NotLeading({ node: self, leader: (yield* leadership).leader })
  })

/** Lets go in a fiber of the election's own: work that calls it is itself interrupted, and must not take the hand-over with it. */
export const uninterrupted =
  (scope: Scope.Scope) =>
  <A, E>(letGo: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.forkIn(letGo, scope), Fiber.join)

/** `Election.transfer` of a strategy that cannot say who leads next. */
export const refuseTransfer = (view: LeadershipView, why: string) =>
  Effect.fn("Election.transfer")(function* (to: NodeId) {
    yield* mustLead(view)
    return yield* new TransferRefused(
      to === view.self
        ? { node: view.self, to, reason: "alreadyLeads", detail: "it leads already" }
        : { node: view.self, to, reason: "unsupported", detail: `${why}; resign instead` }
    )
  })
