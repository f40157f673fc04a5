/**
 * `Election` by a lease in a store that all nodes reach: whoever holds the lease leads, and nobody leads without the store.
 *
 * Safe under pauses, lost answers, clocks that jump, and clocks whose rates are up to `drift` from true; as available as the store. The term
 * is the lease's epoch: it belongs to one leader only and rises, so it is a fencing token. The rules are in `core/leaseContender.ts`.
 *
 * Wall clocks play no part. Provide `layerSuspendClock` where machines may be suspended.
 */
import { Duration, Effect, Exit, Layer, PubSub, Scope, Stream } from "effect"

import { explainLease } from "./core/leaseContenderReasons.ts"
import { isLeader, isSteppingDown, leaseLeftMillis } from "./core/leaseContenderState.ts"
import { Election, type Leadership } from "./Election.ts"
import { leaseElectionLoop } from "./leaseElectionMetrics.ts"
import { makeLeaseElectionNode } from "./leaseElectionNode.ts"
import { LeaseElectionOptions, type LeaseElectionOptionsInput, timingOf } from "./LeaseElectionOptions.ts"
import type { LeaseStore } from "./LeaseStore.ts"
import { mustLead, refuseTransfer, uninterrupted } from "./lettingGo.ts"
import { makeLeaderWork } from "./whileLeader.ts"

/** Elects whoever holds a lease in a `LeaseStore`; the term is a fencing token. */
export const LeaseElection = {
  /**
   * Contends until its scope closes, and then gives a lease that it holds back, so that the next leader need not wait for its end; that takes
   * as long as running work takes to stop, `ttl` at most. Options that break a rule of `LeaseElectionOptions` are a defect.
   */
  layer: (options: LeaseElectionOptionsInput): Layer.Layer<Election, never, LeaseStore> =>
    Layer.effect(
      Election,
      Effect.suspend(() => make(LeaseElectionOptions.make(options)))
    )
}

const make = Effect.fnUntraced(function* (options: typeof LeaseElectionOptions.Type) {
  const { self } = options
  const timing = timingOf(options)
  // Outlives the goodbye below, which needs the node to go on renewing.
  const scope = yield* Scope.make()
  const latest = yield* PubSub.sliding<Leadership>({ capacity: 1, replay: 1 })
  const changes = Stream.changesWith(Stream.fromPubSub(latest), isSame)
  const announce = (leadership: Leadership) => Effect.asVoid(PubSub.publish(latest, leadership))
  const work = yield* makeLeaderWork(self, changes, {
    remaining: (term): Effect.Effect<Duration.Duration> =>
      Effect.map(node.query(leaseLeftMillis(term)), Duration.millis),
    termIsFencingToken: true
  })
  yield* leaseElectionLoop.register
  const node = yield* makeLeaseElectionNode(
    { self, name: options.name, timing },
    {
      announce,
      // In a fiber of the node: work that resigns is itself interrupted, and must not take the release with it.
      stopWork: (stopped) => Effect.asVoid(Effect.forkIn(work.afterWork(stopped), scope))
    }
  ).pipe(Scope.provide(scope))

  const view = { self, isLeader: node.query(isLeader), leadership: node.leadership }
  const steppedDown = Stream.fromPubSub(latest).pipe(
    Stream.filterEffect(() => Effect.map(node.query(isSteppingDown), (is) => !is)),
    Stream.runHead
  )
  const stepDown = mustLead(view).pipe(
    Effect.andThen(node.apply({ _tag: "StepDown" })),
    Effect.andThen(steppedDown),
    Effect.asVoid
  )
  yield* leaseElectionLoop.running(true)
  yield* Effect.addFinalizer(() =>
    stepDown.pipe(
      Effect.ignore,
      Effect.timeoutOption(Duration.millis(timing.ttlMillis)),
      Effect.interruptible,
      Effect.andThen(Scope.close(scope, Exit.void)),
      // Nobody renews any more, so work ends.
      Effect.andThen(node.leadership),
      Effect.flatMap(({ term }) => announce({ leader: undefined, term })),
      Effect.andThen(leaseElectionLoop.running(false))
    )
  )

  return Election.of({
    ...view,
    quorum: node.query(({ reachable }) => ({ alive: reachable ? 1 : 0, needed: 1, present: reachable })),
    changes,
    whileLeader: work.whileLeader,
    resign: stepDown.pipe(uninterrupted(scope), Effect.withSpan("LeaseElection.resign")),
    transfer: refuseTransfer(view, "a lease is taken by whoever asks for it first"),
    explain: Effect.flatMap(node.leadership, ({ term }) =>
      node.query((state, nowMillis) => explainLease(state, nowMillis, term))
    )
  })
})

const isSame = (one: Leadership, other: Leadership): boolean =>
  one.leader === other.leader && one.term === other.term
