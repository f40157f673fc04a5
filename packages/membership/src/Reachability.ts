/**
 * Whether calls to a peer get through, learned from the calls themselves: one circuit breaker for each peer.
 *
 * Membership tells who lives; a peer can live and still not answer this node. After a few failures in a row calls to it fail at once instead of
 * each waiting for its deadline. A circuit closes only by a call that succeeds, and nobody may be calling: so peers whose circuit is open are
 * tried now and then, and as soon as membership sees them come alive.
 */
import {
  Context,
  Duration,
  Effect,
  Exit,
  FiberMap,
  Layer,
  Metric,
  PubSub,
  Result,
  Schema,
  Stream
} from "effect"
import { CircuitBreaker } from "effect/persistence"

import { makeLoopMetrics } from "./LoopMetrics.ts"
import { Membership, type NodeId } from "./Membership.ts"
import { CallFailed, PeerCalls } from "./PeerCalls.ts"

/** What the latest calls to a peer have shown. */
export type PeerReach = "reachable" | "unreachable"

/** What the failure of a call tells about the peer: `answered` proves it to be there, `unknown` tells nothing. */
export type FailureMeaning = "unanswered" | "answered" | "unknown"

/** A peer's calls began to fail, or succeed again. */
export interface ReachChange {
  readonly peer: NodeId
  readonly reach: PeerReach
}

/** Nobody calls this peer now: the latest calls to it failed. */
export class PeerUnreachable extends Schema.TaggedError<PeerUnreachable>()("PeerUnreachable", {
  peer: Schema.String,
  /** Time in ms until one call is let through; 0 while such a call is under way. */
  retryAfterMillis: Schema.Finite
}) {
  override get message(): string {
    return `the latest calls to ${this.peer} failed; it is tried again in ${Math.ceil(this.retryAfterMillis)} ms`
  }
}

/** Options of `Reachability`; each has the default of the cluster layer that the rule comes from. */
export interface ReachabilityOptions {
  /** Failures in a row after which a peer is unreachable; at least 1. Default 5. */
  readonly failuresMax?: number
  /** How long nobody calls an unreachable peer; then one call is let through. Default 10 seconds. */
  readonly rest?: Duration.Input
  /** Time between two rounds of trying unreachable peers. Default 30 seconds. */
  readonly probeInterval?: Duration.Input
  /** Deadline of one try. Default 5 seconds. */
  readonly probeTimeout?: Duration.Input
  /** Most peers tried in one round, those that waited longest first. Default 8. */
  readonly probesMax?: number
}

/** Whether calls to a peer get through. */
export class Reachability extends Context.Service<
  Reachability,
  {
    reach(peer: NodeId): Effect.Effect<PeerReach>
    /** Changes from now on; a slow reader loses the oldest. */
    readonly changes: Stream.Stream<ReachChange>
    /**
     * Runs a call to the peer unless it is unreachable, and learns from the outcome; `meaning` tells failures apart, by default each is
     * `unanswered`. An interruption tells nothing, so a deadline belongs inside the call.
     */
    guard<A, E, R>(
      peer: NodeId,
      call: Effect.Effect<A, E, R>,
      meaning?: (error: E) => FailureMeaning
    ): Effect.Effect<A, E | PeerUnreachable, R>
    /** `PeerCalls` under the guard: a call to an unreachable peer fails with the kind `unreachable`. */
    readonly calls: PeerCalls["Service"]
  }
>()("@coterie/membership/Reachability") {
  /** Tries unreachable members until its scope ends; every member has to run it, as the tries are calls that it answers. */
  static readonly layer = (
    options: ReachabilityOptions = {}
  ): Layer.Layer<Reachability, never, Membership | PeerCalls> =>
    Layer.effect(Reachability, make(options)).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
}

const probeCall = "reachability.probe"
const readersMax = 256

const meaningOf = ({ kind }: CallFailed): FailureMeaning => {
  if (kind === "refused") return "answered"
  return kind === "no_address" ? "unknown" : "unanswered"
}

const outcomes = {
  unanswered: CircuitBreaker.failure(),
  answered: CircuitBreaker.success,
  unknown: CircuitBreaker.ignored
}

const loop = makeLoopMetrics("reachability_loop")
const unreachablePeers = Metric.gauge("reachability_unreachable_peers", {
  description: "Peers to which calls fail at once because the latest ones failed"
})
const rejectedCalls = Metric.counter("reachability_rejected_calls_total", {
  description: "Calls that were not made because their peer is unreachable",
  incremental: true
})

const make = Effect.fnUntraced(function* (options: ReachabilityOptions) {
  const calls = yield* PeerCalls
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(options.failuresMax ?? 5),
    openDuration: options.rest ?? "10 seconds"
  })
  const guard = makeGuard(breaker)
  const guarded = underGuard(calls, guard)
  const { changes, unreachable } = yield* watchCircuits(breaker)
  yield* calls.answer(probeCall, () => Effect.succeed(null))
  yield* keepTrying(unreachable, guarded, options)
  return Reachability.of({
    guard,
    calls: guarded,
    reach: (peer) =>
      Effect.orDie(
        Effect.map(breaker.state(peer), ({ _tag }) => (_tag === "Closed" ? "reachable" : "unreachable"))
      ),
    changes
  })
})

/** The peers whose circuit is open, and what happens to them. */
const watchCircuits = Effect.fnUntraced(function* (breaker: CircuitBreaker.CircuitBreaker) {
  const changes = yield* PubSub.sliding<ReachChange>(readersMax)
  const unreachable = new Set<NodeId>()
  const note = Effect.fnUntraced(function* ({ key: peer, to }: CircuitBreaker.Transition) {
    if (to === "HalfOpen" || unreachable.has(peer) === (to === "Open")) return
    if (to === "Open") unreachable.add(peer)
    else unreachable.delete(peer)
    yield* Metric.update(unreachablePeers, unreachable.size)
    const change: ReachChange = { peer, reach: to === "Open" ? "unreachable" : "reachable" }
    yield* PubSub.publish(changes, change)
  })
  yield* Effect.forkScoped(Stream.runForEach(breaker.transitions, note), { startImmediately: true })
  return { unreachable, changes: Stream.fromPubSub(changes) }
})

/** Tries those peers in rounds, and each as soon as it comes alive; the set is in the order of their latest tries. */
const keepTrying = Effect.fnUntraced(function* (
  unreachable: Set<NodeId>,
  guarded: PeerCalls["Service"],
  { probeInterval = "30 seconds", probeTimeout = "5 seconds", probesMax = 8 }: ReachabilityOptions
) {
  const membership = yield* Membership
  const tries = yield* FiberMap.make<NodeId>()
  const attempt = (peer: NodeId) =>
    Effect.suspend(() => {
      unreachable.delete(peer)
      unreachable.add(peer)
      const question = { name: probeCall, payload: null, timeout: probeTimeout }
      return FiberMap.run(tries, peer, Effect.ignore(guarded.call(peer, question)), { onlyIfMissing: true })
    })
  const round = Effect.gen(function* () {
    const present = new Set((yield* membership.members).map(({ id }) => id))
    for (const peer of unreachable) if (!present.has(peer)) unreachable.delete(peer)
    yield* Metric.update(unreachablePeers, unreachable.size)
    yield* Effect.forEach([...unreachable].slice(0, probesMax), attempt, { discard: true })
  })
  yield* loop.register
  yield* membership.changes.pipe(
    Stream.filter(({ member }) => member.state === "alive" && unreachable.has(member.id)),
    Stream.runForEach(({ member }) => attempt(member.id)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* Effect.delay(loop.iteration(round), probeInterval).pipe(
    Effect.forever,
    loop.whileRunning,
    Effect.forkScoped
  )
})

type Guard = Reachability["Service"]["guard"]

/** The breaker sees a failure through its meaning, so what it fails with itself cannot be mistaken for the call's. */
const makeGuard =
  (breaker: CircuitBreaker.CircuitBreaker): Guard =>
  (peer, call, meaning = () => "unanswered") =>
    Effect.result(call).pipe(
      breaker.execute({
        key: peer,
        classify: Exit.match({
          onSuccess: (result) => outcomes[Result.isSuccess(result) ? "answered" : meaning(result.failure)],
          onFailure: () => outcomes.unanswered
        })
      }),
      Effect.mapError(
        ({ reason }) => new PeerUnreachable({ peer, retryAfterMillis: retryAfterMillis(reason) })
      ),
      Effect.tapError(() => Metric.update(rejectedCalls, 1)),
      Effect.flatMap(Effect.fromResult)
    )

const underGuard = (calls: PeerCalls["Service"], guard: Guard): PeerCalls["Service"] => ({
  ...calls,
  call: (peer, question) =>
    guard(peer, calls.call(peer, question), meaningOf).pipe(
      Effect.catchTag("PeerUnreachable", ({ message }) =>
        Effect.fail(new CallFailed({ peer, name: question.name, kind: "unreachable", detail: message }))
      )
    )
})

/** The store in memory cannot fail, so whatever else comes is a call under way. */
const retryAfterMillis = (reason: CircuitBreaker.CircuitBreakerErrorReason): number =>
  reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) : 0
