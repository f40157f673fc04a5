/**
 * `RowExchange` that rides on heartbeats: each beat carries what its receiver lacks, in a steady state only the name of the newest report.
 *
 * Over HTTP all agents meet in every round. Over SWIM voters do; others meet the voters and, now and then, each other. A report that cannot be
 * read is counted and ignored.
 */
import { Heartbeats, type NodeId } from "@coterie/membership"
import { Clock, Effect, Layer, Option, type Schema } from "effect"

import {
  emptyInbox,
  epochAfter,
  nextPart,
  type RelayAnswer,
  type RelayInbox,
  receive
} from "./core/rowRelay.ts"
import { countRefusedRows } from "./localityMetrics.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { type HeardReport, RowExchange, type RowReport } from "./RowExchange.ts"
import { decodeRowAnswer, decodeRowMessage, linksMax, type Part, partsOf, reportOf } from "./rowMessage.ts"

/** Rows of the other agents over heartbeats. */
export const HeartbeatRowExchange = {
  /** Rides until its scope closes. */
  layer: Layer.effect(
    RowExchange,
    Effect.suspend(() => make())
  ) satisfies Layer.Layer<never, never, Heartbeats>
}

const make = Effect.fnUntraced(function* () {
  const heartbeats = yield* Heartbeats
  // A later run has a later start; where a clock was set back, the peers' answers lift the epoch.
  const outbox = { epoch: yield* Clock.currentTimeMillis, seq: 0, report: nothing }
  const answers = new Map<NodeId, RelayAnswer>()
  const inboxes = new Map<NodeId, RelayInbox<Part>>()
  const heard = new Map<NodeId, HeardReport>()

  const messageTo = (peer: NodeId) =>
    Effect.map(monotonicMillis, (nowMillis) => {
      const parts = partsOf(outbox.report, nowMillis)
      const name = { epoch: outbox.epoch, seq: outbox.seq, total: parts.length }
      const index = nextPart(name, answers.get(peer))
      const body = index === undefined ? undefined : parts[index]
      return {
        format: 1,
        ...name,
        ...(index === undefined || body === undefined ? {} : { part: { index, body } })
      }
    })

  const take = Effect.fnUntraced(function* (from: NodeId, payload: Schema.Json) {
    const message = decodeRowMessage(payload)
    if (Option.isNone(message)) return yield* refuse(from)
    const before = inboxes.get(from) ?? emptyInbox
    const [after, answer] = receive(before, message.value)
    keep(inboxes, from, after)
    if (after.complete !== undefined && after.complete !== before.complete) {
      keep(heard, from, { agent: from, ...reportOf(after.complete, yield* monotonicMillis) })
    }
    return { ...answer }
  })

  const takeAnswer = Effect.fnUntraced(function* (from: NodeId, payload: Schema.Json) {
    const answer = decodeRowAnswer(payload)
    if (Option.isNone(answer)) return yield* refuse(from)
    keep(answers, from, answer.value)
    outbox.epoch = epochAfter(outbox.epoch, answer.value)
  })

  yield* heartbeats.ride({
    name: "locality.rows",
    audience: "everybody",
    request: messageTo,
    onTick: Effect.void,
    onBeat: (from, payload) => (payload === undefined ? Effect.undefined : take(from, payload)),
    onReply: (from, payload) =>
      payload === undefined ? Effect.void : Effect.asVoid(takeAnswer(from, payload))
  })

  return {
    publish: Effect.fnUntraced(function* (report: RowReport) {
      outbox.seq += 1
      outbox.report = report
      const links = [...report.rows.values()].reduce((sum, row) => sum + row.size, 0)
      if (links > linksMax) yield* countRefusedRows("too_many_links")
    }),
    heard: Effect.sync(() => [...heard.values()])
  }
})

/** Agents of which something is kept: as many as HTTP heartbeats connect. */
const agentsMax = 128

/** Keeps what is newest of an agent, and forgets the agent that was kept longest ago where there are too many. */
const keep = <A>(kept: Map<NodeId, A>, agent: NodeId, value: A): void => {
  kept.delete(agent)
  kept.set(agent, value)
  const oldest = kept.size > agentsMax ? kept.keys().next().value : undefined
  if (oldest !== undefined) kept.delete(oldest)
}

const nothing: RowReport = { rows: new Map(), draining: new Set(), attempts: [], wanted: [] }

const refuse = (from: NodeId) =>
  Effect.andThen(
    countRefusedRows("unreadable"),
    Effect.as(Effect.logDebug("a report of rows could not be read", { from }), undefined)
  )
