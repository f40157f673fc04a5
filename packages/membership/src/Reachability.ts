/**
 * Whether calls to a peer get through, learned from the calls themselves: one circuit breaker for each peer.
 *
 * Membership tells who lives; a peer can live and still not answer this node. After a few failures in a row calls to it fail at once instead of
 * each waiting for its deadline. A circuit closes only by a call that succeeds, and nobody may be calling: so peers whose circuit is open are
 * tried now and then. A peer that membership sees come alive begins anew.
 */
import {
  Clock,
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
    /** `PeerCalls` under the guard: a call to an unreachable peer fails with the kind `circuit_open`. */
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

/** Kinds of `CallFailed` where the peer did not answer, and where it did; all others are this node's own faults. */
const silences = new Set(["timeout", "unreachable", "wrong_peer", "wrong_cluster", "own_id", "protocol"])
const answers = new Set(["refused", "unreadable", "unexpected_reply"])

const meaningOf = ({ kind }: CallFailed): FailureMeaning => {
  if (silences.has(kind)) return "unanswered"
  return answers.has(kind) ? "answered" : "unknown"
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
  const circuits = yield* makeCircuits(options)
  const guarded = underGuard(calls, circuits.guard)
  yield* calls.answer(probeCall, () => Effect.succeed(null))
  yield* keepTrying(circuits, guarded, options)
  return Reachability.of({
    guard: circuits.guard,
    calls: guarded,
    reach: circuits.reach,
    changes: circuits.changes
  })
})

type Circuits = Effect.Success<ReturnType<typeof makeCircuits>>

/** A circuit for each peer and each of its lives: `renew` begins the next one, closed. */
const makeCircuits = Effect.fnUntraced(function* ({
  failuresMax = 5,
  rest = "10 seconds"
}: ReachabilityOptions) {
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(failuresMax),
    openDuration: rest
  })
  const changes = yield* PubSub.sliding<ReachChange>(readersMax)
  /** In the order of their latest tries. */
  const unreachable = new Set<NodeId>()
  const lives = new Map<NodeId, number>()
  const keyOf = (peer: NodeId) => `${lives.get(peer) ?? 0} ${peer}`

  const note = Effect.fnUntraced(function* (peer: NodeId, reach: PeerReach) {
    if (unreachable.has(peer) === (reach === "unreachable")) return
    if (reach === "unreachable") unreachable.add(peer)
    else unreachable.delete(peer)
    yield* Metric.update(unreachablePeers, unreachable.size)
    yield* PubSub.publish(changes, { peer, reach })
  })
  yield* breaker.transitions.pipe(
    Stream.filter(({ to }) => to !== "HalfOpen"),
    Stream.runForEach(({ key, to }) => {
      const peer = key.slice(key.indexOf(" ") + 1)
      return key === keyOf(peer) ? note(peer, to === "Open" ? "unreachable" : "reachable") : Effect.void
    }),
    Effect.forkScoped({ startImmediately: true })
  )
  return {
    guard: makeGuard(breaker, keyOf),
    unreachable,
    changes: Stream.fromPubSub(changes),
    reach: (peer: NodeId) =>
      onSteadyClock(breaker.state(keyOf(peer))).pipe(
        Effect.map(({ _tag }): PeerReach => (_tag === "Closed" ? "reachable" : "unreachable")),
        Effect.orDie
      ),
    renew: Effect.fnUntraced(function* (peer: NodeId) {
      if (!unreachable.has(peer)) return
      lives.set(peer, (lives.get(peer) ?? 0) + 1)
      yield* note(peer, "reachable")
    }),
    /** Drops what is counted of peers that are no members; a circuit of theirs that is open has rested by then. */
    forgetOthers: (members: ReadonlySet<NodeId>) => {
      for (const peer of lives.keys()) if (!members.has(peer) && !unreachable.has(peer)) lives.delete(peer)
    }
  }
})

/** Tries unreachable peers in rounds; who is no member any more, or comes alive, begins anew. */
const keepTrying = Effect.fnUntraced(function* (
  { forgetOthers, renew, unreachable }: Circuits,
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
    const members = new Set((yield* membership.members).map(({ id }) => id))
    forgetOthers(members)
    for (const peer of unreachable) if (!members.has(peer)) yield* renew(peer)
    yield* Effect.forEach([...unreachable].slice(0, probesMax), attempt, { discard: true })
  })
  yield* loop.register
  yield* membership.changes.pipe(
    Stream.filter(({ member }) => member.state === "alive"),
    Stream.runForEach(({ member }) => renew(member.id)),
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
  (breaker: CircuitBreaker.CircuitBreaker, keyOf: (peer: NodeId) => string): Guard =>
  (peer, call, meaning = () => "unanswered") =>
    Clock.clockWith((clock) =>
      Effect.provideService(Effect.result(call), Clock.Clock, clock).pipe(
        breaker.execute({
          key: keyOf(peer),
          classify: Exit.match({
            onSuccess: (result) => outcomes[Result.isSuccess(result) ? "answered" : meaning(result.failure)],
            onFailure: () => outcomes.unanswered
          })
        }),
        onSteadyClock,
        Effect.mapError(
          ({ reason }) => new PeerUnreachable({ peer, retryAfterMillis: retryAfterMillis(reason) })
        ),
        Effect.tapError(() => Metric.update(rejectedCalls, 1)),
        Effect.flatMap(Effect.fromResult)
      )
    )

/** The breaker reads the time of day, which may jump: here it is given the monotonic time instead. */
const onSteadyClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) => Effect.provideService(effect, Clock.Clock, steady(clock)))

const steady = (clock: Clock.Clock): Clock.Clock => {
  const nanos = () => clock.monotonicTimeNanosUnsafe()
  const millis = () => Number(nanos() / 1_000_000n)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

const underGuard = (calls: PeerCalls["Service"], guard: Guard): PeerCalls["Service"] => ({
  ...calls,
  call: (peer, question) =>
    guard(peer, calls.call(peer, question), meaningOf).pipe(
      Effect.catchTag("PeerUnreachable", ({ message }) =>
        Effect.fail(new CallFailed({ peer, name: question.name, kind: "circuit_open", detail: message }))
      )
    )
})

/** The store in memory cannot fail, so whatever else comes is a call under way. */
const retryAfterMillis = (reason: CircuitBreaker.CircuitBreakerErrorReason): number =>
  reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) : 0
