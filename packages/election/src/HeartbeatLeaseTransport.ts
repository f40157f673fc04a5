/**
 * Lease messages on heartbeats: renewals and their answers ride on beats that are sent anyway; a bid or a release, which cannot wait for the
 * next beat, goes out as a call of its own at once.
 */
import { Heartbeats, NodeId, PeerCalls } from "@coterie/membership"
import { Effect, FiberSet, Layer, Metric, Option, Schema } from "effect"

import { ElectionConfig, rideConfig } from "./configRider.ts"
import type { LeaseMessage } from "./core/leaseMessages.ts"
import { makeLeaseOutbox } from "./leaseOutbox.ts"
import { type LeaseHandlers, LeaseTransport } from "./LeaseTransport.ts"

/** A peer that invents epochs must not push our own past what a number can count. */
const epochMax = 2 ** 52
const epoch = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: epochMax }))
const millis = Schema.Finite
const kind = Schema.Literals(["bid", "renew", "query"])
const GrantReport = Schema.Struct({
  holder: NodeId,
  epoch,
  remainingMillis: millis.check(Schema.isGreaterThanOrEqualTo(0)),
  established: Schema.Boolean
})
const refusals = ["booting", "held", "stale", "reserved", "deferred", "closed", "config"] as const
const Messages = Schema.Array(
  Schema.Union([
    Schema.TaggedStruct("Request", {
      kind,
      epoch,
      sentAtMillis: millis,
      config: ElectionConfig
    }),
    Schema.TaggedStruct("Answer", {
      kind,
      epoch,
      sentAtMillis: millis,
      verdict: Schema.NullOr(Schema.Literals(["granted", ...refusals])),
      promised: epoch,
      grant: Schema.NullOr(GrantReport),
      seesQuorum: Schema.Boolean,
      willing: Schema.Boolean
    }),
    Schema.TaggedStruct("Release", { epoch, reserveFor: Schema.NullOr(NodeId) })
  ])
).check(Schema.isMaxLength(8))
const decodeMessages = Schema.decodeUnknownOption(Messages)

/** Name of the rider and of the call. */
const channel = "lease"
const dropped = Metric.counter("election_lease_messages_dropped_total", {
  description: "Lease messages that were not sent or not understood, by reason",
  incremental: true
})
const drop = (reason: "unreadable" | "unreachable" | "outbox_full", detail: Record<string, string>) =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(dropped, { reason }), 1),
    Effect.logDebug("lease message dropped", { reason, ...detail })
  )

/** Carries lease messages on the heartbeats of `HeartbeatMembership`. */
export const HeartbeatLeaseTransport = {
  /** The members are the configured ones; the rounds are the heartbeats. */
  layer: Layer.effect(
    LeaseTransport,
    Effect.suspend(() => make())
  )
}

const make = Effect.fnUntraced(function* () {
  const heartbeats = yield* Heartbeats
  const exchange = yield* makeExchange(heartbeats.intervalMillis)
  let begun = false

  /** The first beat of a round begins it; what the election sends then waits for the beats that follow at once. */
  const beginRound = Effect.suspend(() => {
    if (begun) return Effect.void
    begun = true
    return exchange.hold(exchange.handlers?.onRound ?? Effect.void)
  })
  /** The beats are on their way: what none of them took along goes out by itself. */
  const endRound = Effect.suspend(() => {
    begun = false
    return exchange.flush
  })

  yield* heartbeats.ride({
    name: channel,
    request: (peer) => Effect.andThen(beginRound, exchange.take(peer)),
    // A round without a single peer to beat is one all the same.
    onTick: Effect.andThen(beginRound, endRound),
    onBeat: (from, payload) => exchange.answer(from, payload ?? []),
    onReply: (from, payload) => exchange.accept(from, payload ?? [])
  })

  return LeaseTransport.of({
    self: heartbeats.self,
    members: heartbeats.configured,
    intervalMillis: heartbeats.intervalMillis,
    deadAfterMillis: heartbeats.deadAfterMillis,
    send: exchange.send,
    attach: Effect.fnUntraced(function* (handlers) {
      if (exchange.handlers !== undefined)
        return yield* Effect.die("an election is attached to this transport already")
      exchange.handlers = handlers
      yield* rideConfig(heartbeats, handlers.config, (from, config) => handlers.onConfig(from, config))
      yield* Effect.addFinalizer(() => Effect.sync(() => (exchange.handlers = undefined)))
    })
  })
})

/** The messages that wait, and the calls and answers that carry them. */
const makeExchange = Effect.fnUntraced(function* (timeoutMillis: number) {
  const calls = yield* PeerCalls
  const inFlight = yield* FiberSet.make()
  const outbox = makeLeaseOutbox()
  const exchange: { handlers: LeaseHandlers | undefined } = { handlers: undefined }
  /** While handlers run for a beat, what they send waits for it: most of it can ride along. */
  let holds = 0

  const deliver = Effect.fnUntraced(function* (from: NodeId, payload: Schema.Json) {
    const messages = decodeMessages(payload)
    if (Option.isNone(messages)) return yield* drop("unreadable", { from })
    for (const message of messages.value) yield* exchange.handlers?.onMessage(from, message) ?? Effect.void
  })

  /** Sends what waits for a peer as a call; its answers come back with the reply. */
  const callOut = (peer: NodeId): Effect.Effect<void> =>
    Effect.suspend(() => {
      const payload = outbox.take(peer)
      if (payload.length === 0) return Effect.void
      return calls.call(peer, { name: channel, payload, timeout: timeoutMillis }).pipe(
        Effect.flatMap((reply) => accept(peer, reply)),
        Effect.catchTag("CallFailed", ({ kind }) => drop("unreachable", { peer, kind })),
        FiberSet.run(inFlight),
        Effect.asVoid
      )
    })

  const hold = <A>(handling: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.acquireUseRelease(
      Effect.sync(() => holds++),
      () => handling,
      () => Effect.sync(() => holds--)
    )
  const flush = Effect.suspend(() =>
    holds > 0 ? Effect.void : Effect.forEach(outbox.peers(), callOut, { discard: true })
  )
  const take = (peer: NodeId) => Effect.sync(() => outbox.take(peer))
  const accept = (from: NodeId, payload: Schema.Json) => Effect.ensuring(hold(deliver(from, payload)), flush)
  /** What the handlers send to the peer rides back, the rest goes out. */
  const answer = (from: NodeId, payload: Schema.Json) =>
    Effect.ensuring(hold(Effect.andThen(deliver(from, payload), take(from))), flush)

  const send = Effect.fnUntraced(function* (to: NodeId, message: LeaseMessage) {
    if (!outbox.put(to, message)) yield* drop("outbox_full", { to })
    if (holds === 0) yield* callOut(to)
  })

  yield* calls.answer(channel, answer)
  return Object.assign(exchange, { take, accept, answer, send, hold, flush })
})
