/**
 * Lease messages on heartbeats: renewals and their answers ride on beats that are sent anyway; a bid or a release, which cannot wait for the
 * next beat, goes out as a call of its own at once.
 */
import { Heartbeats, NodeId, PeerCalls } from "@coterie/membership"
import { Effect, FiberSet, Layer, Metric, Option, Schema } from "effect"

import type { LeaseMessage } from "./core/leaseMessages.ts"
import { makeLeaseOutbox } from "./leaseOutbox.ts"
import { type LeaseHandlers, LeaseTransport } from "./LeaseTransport.ts"

const epoch = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
const millis = Schema.Finite
const kind = Schema.Literals(["bid", "renew", "query"])
const GrantReport = Schema.Struct({
  holder: NodeId,
  epoch,
  remainingMillis: millis.check(Schema.isGreaterThanOrEqualTo(0)),
  established: Schema.Boolean
})
const refusals = ["booting", "held", "stale", "reserved", "deferred", "closed", "members"] as const
const Messages = Schema.Array(
  Schema.Union([
    Schema.TaggedStruct("Request", {
      kind,
      epoch,
      sentAtMillis: millis,
      members: Schema.String.check(Schema.isMaxLength(8192))
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
  let inRound = false

  const beginRound = Effect.suspend(() => {
    if (inRound) return Effect.void
    inRound = true
    return exchange.handlers?.onRound ?? Effect.void
  })
  const endRound = Effect.sync(() => {
    inRound = false
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
    // In a round the beats that take the message along follow at once.
    send: (to, message) => exchange.send(to, message, inRound ? "wait" : "now"),
    attach: Effect.fnUntraced(function* (handlers) {
      if (exchange.handlers !== undefined)
        return yield* Effect.die("an election is attached to this transport already")
      exchange.handlers = handlers
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
  let riding = 0

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

  const ride = <A>(handling: Effect.Effect<A>): Effect.Effect<A> =>
    Effect.acquireUseRelease(
      Effect.sync(() => riding++),
      () => handling,
      () =>
        Effect.suspend(() => {
          riding--
          return riding > 0 ? Effect.void : Effect.forEach(outbox.peers(), callOut, { discard: true })
        })
    )

  const take = (peer: NodeId) => Effect.sync(() => outbox.take(peer))
  const accept = (from: NodeId, payload: Schema.Json) => ride(deliver(from, payload))
  /** What the handlers send to the peer rides back, the rest goes out. */
  const answer = (from: NodeId, payload: Schema.Json) =>
    ride(Effect.andThen(deliver(from, payload), take(from)))

  const send = Effect.fnUntraced(function* (to: NodeId, message: LeaseMessage, when: "now" | "wait") {
    if (!outbox.put(to, message)) yield* drop("outbox_full", { to })
    if (riding === 0 && when === "now") yield* callOut(to)
  })

  yield* calls.answer(channel, answer)
  return Object.assign(exchange, { take, accept, answer, send })
})
