/**
 * `Election` by a deterministic rule over heartbeats: the smallest live id leads, needing a majority of the configured members alive.
 *
 * No votes, no leases, no disk; elected within one heartbeat of a quorum. Each node decides from its own view, so a one-way or partial
 * network fault can have two nodes lead at once, and `term` is local: never use it as a fencing token. The rule is `core/quorumElection`.
 */
import { Heartbeats, type HeartbeatRider, NodeId } from "@coterie/membership"
import { Clock, Duration, Effect, Layer, Metric, Option, Schema, Stream, SubscriptionRef } from "effect"

import { watchConfigs } from "./configRider.ts"
import { electionConfig } from "./core/otherConfigs.ts"
import * as Core from "./core/quorumElection.ts"
import { explainQuorum } from "./core/quorumReasons.ts"
import { Election, type Leadership } from "./Election.ts"
import { mustLead, refuseTransfer, uninterrupted } from "./lettingGo.ts"
import { makeLeaderWork } from "./whileLeader.ts"

/** Options of `QuorumElection`; every node of a cluster must use the same. */
export const QuorumElectionOptions = Schema.Struct({
  /**
   * How long a member with a smaller id than the leader's must have been alive before it takes over; also how long a leader that resigned
   * stands back. Zero lets it take over at once. Default 120 s.
   */
  masterCooldown: Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(Duration.seconds(120))),
    Schema.withConstructorDefault(Effect.succeed(Duration.seconds(120)))
  ),
  /**
   * `strict` (default) counts configured members only, and a leader that lost its quorum stops at once. `exact` reproduces the original
   * rule with its quirks: anybody heard from counts, and a leader leads until its next decision.
   */
  mode: Schema.Literals(["exact", "strict"]).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed("strict" as const)),
    Schema.withConstructorDefault(Effect.succeed("strict" as const))
  )
})
/** Options of `QuorumElection`. */
export type QuorumElectionOptions = (typeof QuorumElectionOptions)["~type.make.in"]

/** What a node says of itself in each beat and answer. `term` and `leader` are for people and metrics: no decision uses them (Q8). */
const Payload = Schema.Struct({
  term: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  leader: Schema.NullOr(NodeId),
  standby: Schema.Boolean
})
const decodePayload = Schema.decodeUnknownOption(Payload)

const metrics = {
  isLeader: Metric.gauge("election_is_leader", { description: "1 while this node leads" }),
  term: Metric.gauge("election_term", { description: "Changes of leader that this node has seen" }),
  quorum: Metric.gauge("election_quorum", { description: "1 while enough members are alive" }),
  changes: Metric.counter("election_changes_total", {
    description: "Changes of leader by cause",
    incremental: true
  }),
  disagreements: Metric.counter("election_disagreements_total", {
    description:
      "Messages of peers that name another leader than this node does; lasting growth means two leaders",
    incremental: true
  }),
  ignored: Metric.counter("election_messages_ignored_total", {
    description: "Messages that were not counted, or payloads that could not be read, by reason",
    incremental: true
  })
}

/** Elects the smallest live id over `Heartbeats`; `term` is no fencing token. */
export const QuorumElection = {
  /** Takes part in the election until its scope closes; running `whileLeader` effects are then interrupted. */
  layer: (options: QuorumElectionOptions = {}): Layer.Layer<Election, never, Heartbeats> =>
    Layer.effect(Election, make(QuorumElectionOptions.make(options)))
}

const make = Effect.fnUntraced(function* (options: typeof QuorumElectionOptions.Type) {
  const heartbeats = yield* Heartbeats
  const { self } = heartbeats
  const scope = yield* Effect.scope
  const node = yield* makeNode({
    self,
    members: heartbeats.configured,
    deadAfterMillis: heartbeats.deadAfterMillis,
    cooldownMillis: Duration.toMillis(options.masterCooldown),
    mode: options.mode
  })
  const work = yield* makeLeaderWork(self, node.changes, {
    remaining: (term) =>
      node.query((state, nowMillis) =>
        Core.isLeader(state, nowMillis) && state.term === term ? Duration.infinity : Duration.zero
      )
  })
  yield* node.apply((nowMillis) => ({ _tag: "Start", nowMillis }))
  yield* Effect.addFinalizer(() => node.stop)
  const configs = yield* watchConfigs(heartbeats, electionConfig(heartbeats.configured, "quorum"))
  yield* heartbeats.ride(riderOf(node))

  const view = {
    self,
    isLeader: node.query(Core.isLeader),
    leadership: Effect.map(node.state, leadershipOf)
  }
  const release = node.apply((nowMillis) => ({ _tag: "Resign", nowMillis })).pipe(work.afterWork)
  return Election.of({
    ...view,
    quorum: node.query((state, nowMillis) => ({
      alive: Core.liveSet(state, nowMillis).length,
      needed: Core.quorumNeeded(state),
      present: Core.hasQuorum(state, nowMillis)
    })),
    changes: node.changes,
    whileLeader: work.whileLeader,
    resign: mustLead(view).pipe(
      Effect.andThen(release),
      uninterrupted(scope),
      Effect.withSpan("QuorumElection.resign")
    ),
    transfer: refuseTransfer(view, "every node elects the smallest live member by itself"),
    explain: Effect.flatMap(configs, (heard) =>
      node.query((state, nowMillis) => explainQuorum(state, nowMillis, heard))
    )
  })
})

type Node = Effect.Success<ReturnType<typeof makeNode>>

/** Holds the state of the core, feeds it events stamped with the monotonic clock, and reports what it says. */
const makeNode = Effect.fnUntraced(function* (rules: Core.QuorumRules) {
  const ref = yield* SubscriptionRef.make(Core.initial(rules))

  const query = <A>(ask: (state: Core.QuorumElectionState, nowMillis: number) => A): Effect.Effect<A> =>
    Clock.clockWith((clock) => Effect.map(SubscriptionRef.get(ref), (state) => ask(state, millisOf(clock))))

  const measure = Effect.gen(function* () {
    yield* Metric.update(metrics.isLeader, (yield* query(Core.isLeader)) ? 1 : 0)
    yield* Metric.update(metrics.quorum, (yield* query(Core.hasQuorum)) ? 1 : 0)
    yield* Metric.update(metrics.term, (yield* SubscriptionRef.get(ref)).term)
  })

  const apply = (eventAt: (nowMillis: number) => Core.QuorumEvent): Effect.Effect<void> =>
    Clock.clockWith((clock) =>
      SubscriptionRef.modify(ref, (state) => {
        const [next, effects] = Core.step(state, eventAt(millisOf(clock)))
        return [effects, next]
      })
    ).pipe(
      Effect.flatMap(Effect.forEach((effect) => report(rules.self, effect))),
      Effect.andThen(measure),
      // A caller that gives up must not leave a change unreported.
      Effect.uninterruptible
    )

  return {
    state: SubscriptionRef.get(ref),
    query,
    apply,
    changes: SubscriptionRef.changes(ref).pipe(
      Stream.map(leadershipOf),
      Stream.changes,
      Stream.buffer({ capacity: 1, strategy: "sliding" })
    ),
    /** Nobody is known to lead any more, so work ends. */
    stop: Effect.andThen(
      SubscriptionRef.update(ref, (state) => ({ ...state, leader: undefined })),
      measure
    )
  }
})

const riderOf = (node: Node): HeartbeatRider => {
  const payload = Effect.map(node.state, payloadOf)
  return {
    name: "election",
    request: () => payload,
    onTick: node.apply((nowMillis) => ({ _tag: "Tick", nowMillis })),
    onBeat: Effect.fnUntraced(function* (from, received) {
      const standby = yield* readPayload(node, from, received)
      yield* node.apply((nowMillis) => ({ _tag: "Beat", from, standby, nowMillis }))
      return yield* payload
    }),
    onReply: Effect.fnUntraced(function* (from, received) {
      const standby = yield* readPayload(node, from, received)
      yield* node.apply((nowMillis) => ({ _tag: "Reply", from, standby, nowMillis }))
    })
  }
}

/** Returns whether the peer stands back; a payload that cannot be read is counted, and the contact still counts as contact. */
const readPayload = Effect.fnUntraced(function* (
  node: Node,
  from: NodeId,
  received: Schema.Json | undefined
) {
  if (received === undefined) return false
  const payload = decodePayload(received)
  if (Option.isNone(payload)) {
    yield* ignored(from, "payload")
    return false
  }
  const { leader } = yield* node.state
  if (leader !== undefined && payload.value.leader !== null && payload.value.leader !== leader) {
    yield* Metric.update(metrics.disagreements, 1)
  }
  return payload.value.standby
})

const report = Effect.fnUntraced(function* (self: NodeId, effect: Core.QuorumEffect) {
  if (effect._tag === "StrangerIgnored") return yield* ignored(effect.from, "stranger")
  const { cause, leader, previous, term } = effect
  yield* Metric.update(Metric.withAttributes(metrics.changes, { cause }), 1)
  yield* Effect.logInfo("leader changed", { node: self, leader, previous, term, cause })
})

const ignored = (from: string, reason: "payload" | "stranger"): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(metrics.ignored, { reason }), 1),
    Effect.logDebug("election message ignored", { from, reason })
  )

const leadershipOf = ({ leader, term }: Core.QuorumElectionState): Leadership => ({ leader, term })

const payloadOf = (state: Core.QuorumElectionState): typeof Payload.Encoded => ({
  term: state.term,
  leader: state.leader ?? null,
  standby: Core.isStandby(state)
})

const millisOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
