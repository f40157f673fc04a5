/**
 * Work that runs only while its node leads, for any election strategy that can tell who leads now and whenever that changes.
 *
 * An effect starts under one term and is interrupted when that term ends on this node. A resignation first stops all running effects, waits
 * for their finalizers, and only then releases leadership, so that the next leader does not start beside this one's clean-up.
 */
import type { NodeId } from "@coterie/membership"
import { Effect, Option, type Scope, Stream, SubscriptionRef } from "effect"

import { type Leadership, LeadershipLost } from "./Election.ts"

/** Runs the leader's work of one node. */
export interface LeaderWork {
  /** `Election.whileLeader`. */
  whileLeader<A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeadershipLost, Exclude<R, Scope.Scope>>
  /** Runs `release` after all work was interrupted and has ended; none starts before `release` ended. */
  afterWork<A, E, R>(release: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
}

/** Makes the work runner of `self`; `changes` must begin with the current leadership and may skip all but the latest. */
export const makeLeaderWork = Effect.fnUntraced(function* (self: NodeId, changes: Stream.Stream<Leadership>) {
  const running = yield* SubscriptionRef.make(0)
  const releasing = yield* SubscriptionRef.make(false)

  /** The leadership that work may rely on: none while it is being released. */
  const granted = Stream.zipLatestWith(changes, SubscriptionRef.changes(releasing), (leadership, releasing) =>
    releasing ? { ...leadership, leader: undefined } : leadership
  )

  const whileLeader = Effect.fn("Election.whileLeader")(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
    const { term } = yield* first(granted, ({ leader }) => leader === self)
    const lost = Effect.flatMap(
      // A later term of our own also ends this one: in between somebody else may have led.
      first(granted, (now) => now.leader !== self || now.term !== term),
      ({ leader }) => Effect.fail(new LeadershipLost({ node: self, term, leader }))
    )
    const work = Effect.acquireUseRelease(
      SubscriptionRef.update(running, (count) => count + 1),
      () => Effect.scoped(effect),
      () => SubscriptionRef.update(running, (count) => count - 1)
    )
    return yield* Effect.raceFirst(lost, work)
  })

  const afterWork = <A, E, R>(release: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      SubscriptionRef.set(releasing, true),
      () =>
        Effect.andThen(
          first(SubscriptionRef.changes(running), (count) => count === 0),
          release
        ),
      () => SubscriptionRef.set(releasing, false)
    )

  return { whileLeader, afterWork } satisfies LeaderWork
})

/** Waits for the first matching element; a source that ends without one is waited for without end, as its owner is shutting down. */
const first = <A>(source: Stream.Stream<A>, matches: (value: A) => boolean): Effect.Effect<A> =>
  source.pipe(
    Stream.filter(matches),
    Stream.runHead,
    Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
  )
