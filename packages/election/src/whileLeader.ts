/**
 * Work that runs only while its node leads, for any election strategy that can tell who leads now and whenever that changes.
 *
 * An effect starts under one term and is interrupted when that term ends on this node, at its deadline at the latest. A resignation first
 * stops all running effects, waits for their finalizers, and only then releases leadership, so that the next leader does not start beside
 * this one's clean-up.
 */
import type { NodeId } from "@coterie/membership"
import { Duration, Effect, Option, type Scope, Stream, SubscriptionRef } from "effect"

import { type Leadership, LeadershipLost } from "./Election.ts"
import { LeaderLease } from "./LeaderLease.ts"

/** Runs the leader's work of one node. */
export interface LeaderWork {
  /** `Election.whileLeader`. */
  whileLeader<A, E, R>(
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | LeadershipLost, Exclude<Exclude<R, LeaderLease>, Scope.Scope>>
  /** Runs `release` after all work was interrupted and has ended; none starts before `release` ended. */
  afterWork<A, E, R>(release: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
}

/** What a strategy knows of its leaderships besides who leads. */
export interface LeaderWorkOptions {
  /** Time that this node's leadership of `term` has left: zero once it ended, infinite (the default) without a deadline. */
  readonly remaining?: (term: number) => Effect.Effect<Duration.Duration>
  /** Whether a term belongs to one leader only and rises, in all of the cluster. Default false. */
  readonly termIsFencingToken?: boolean
}

const lookAgain = Duration.millis(100)

/** Makes the work runner of `self`; `changes` must begin with the current leadership and may skip all but the latest. */
export const makeLeaderWork = Effect.fnUntraced(function* (
  self: NodeId,
  changes: Stream.Stream<Leadership>,
  options: LeaderWorkOptions = {}
) {
  const { remaining = () => Effect.succeed(Duration.infinity), termIsFencingToken = false } = options
  const running = yield* SubscriptionRef.make(0)
  const releasing = yield* SubscriptionRef.make(false)

  /** The leadership that work may rely on: none while it is being released. */
  const granted = Stream.zipLatestWith(changes, SubscriptionRef.changes(releasing), (leadership, releasing) =>
    releasing ? { ...leadership, leader: undefined } : leadership
  )

  const leaseOf = (term: number): LeaderLease["Service"] => ({
    term,
    token: termIsFencingToken ? term : undefined,
    remaining: remaining(term),
    check: Effect.flatMap(remaining(term), (left) =>
      Duration.isPositive(left)
        ? Effect.void
        : Effect.fail(new LeadershipLost({ node: self, term, leader: undefined }))
    )
  })

  /** A leadership that was announced but ended unannounced is looked at again: it must not start work over and over. */
  const won: Effect.Effect<number> = Effect.gen(function* () {
    const { term } = yield* first(granted, ({ leader }) => leader === self)
    return Duration.isPositive(yield* remaining(term)) ? term : yield* Effect.delay(won, lookAgain)
  })

  const whileLeader = Effect.fn("Election.whileLeader")(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
    const term = yield* won
    const lease = leaseOf(term)
    const lost = Effect.flatMap(
      // A later term of our own also ends this one: in between somebody else may have led.
      first(granted, (now) => now.leader !== self || now.term !== term),
      ({ leader }) => Effect.fail(new LeadershipLost({ node: self, term, leader }))
    )
    const work = Effect.acquireUseRelease(
      SubscriptionRef.update(running, (count) => count + 1),
      () => Effect.scoped(Effect.provideService(effect, LeaderLease, lease)),
      () => SubscriptionRef.update(running, (count) => count - 1)
    )
    return yield* Effect.raceFirst(Effect.raceFirst(lost, untilDeadline(lease)), work)
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

/** W1: fails when the lease runs out, even while the strategy itself is stuck, say on a disk that stalls. */
const untilDeadline = (lease: LeaderLease["Service"]): Effect.Effect<never, LeadershipLost> =>
  lease.check.pipe(
    Effect.andThen(lease.remaining),
    Effect.flatMap((left) => (Duration.isFinite(left) ? Effect.sleep(left) : Effect.never)),
    Effect.forever
  )

/** Waits for the first matching element; a source that ends without one is waited for without end, as its owner is shutting down. */
const first = <A>(source: Stream.Stream<A>, matches: (value: A) => boolean): Effect.Effect<A> =>
  source.pipe(
    Stream.filter(matches),
    Stream.runHead,
    Effect.flatMap(Option.match({ onNone: () => Effect.never, onSome: Effect.succeed }))
  )
