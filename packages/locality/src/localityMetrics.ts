/** The metrics of leader locality. */
import { makeLoopMetrics } from "@coterie/membership"
import { Duration, Effect, Metric } from "effect"

import type { Decision, LocalityAction } from "./Decision.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

/** Iterations, duration of the last one, errors by kind, and whether the loop runs. */
export const loop = makeLoopMetrics("locality_loop")
/** Ticks that were dropped because a pass took longer than the interval. */
export const droppedTicks = counter(
  "locality_loop_dropped_ticks_total",
  "Ticks dropped because a pass took longer than the interval"
)

const decisions = counter("locality_decisions_total", "Decisions by action and reason")
const transfers = counter("locality_transfers_total", "Transfers that were called, by verified outcome")
const refusedRows = counter(
  "locality_rows_refused_total",
  "Reports of other agents that could not be read or kept, by reason"
)
const echoesDropped = counter("locality_echo_dropped_total", "Echoes over UDP that were dropped, by reason")
const engineRowsFailed = counter(
  "locality_engine_rows_failed_total",
  "Times that an engine did not show the round trips that it measures, by kind"
)
const rtt = Metric.gauge("locality_rtt_seconds", {
  description: "Last minimum round trip to a voter of a group led here"
})

/** How much cheaper an operation could be, over all groups led here. */
export const regret = Metric.gauge("locality_regret_seconds", {
  description:
    "Expected cost of an operation under the leader less that under the best voter, summed over the groups led here"
})

/** Counts a report of another agent that was not taken in. */
export const countRefusedRows = (reason: "unreadable" | "too_many_links"): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(refusedRows, { reason }), 1)

/** Why an echo is dropped: bytes that are none, a wrong seal, an old one, one too many, an answer that nobody waits for, cannot be sent, or is no measure. */
export type EchoDrop = "malformed" | "forged" | "stale" | "rate" | "unexpected" | "unsent" | "late"

/** Counts an echo that was dropped. */
export const countEchoDropped = (reason: EchoDrop): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(echoesDropped, { reason }), 1)

/** Counts an engine that did not show its round trips. */
export const countEngineRowsFailed = (kind: string): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(engineRowsFailed, { kind }), 1)

/** Counts a decision, and what it says about transfers, errors and round trips. */
export const countDecision = Effect.fnUntraced(function* ({ action, row }: Decision) {
  yield* Metric.update(
    Metric.withAttributes(decisions, { action: action._tag.toLowerCase(), reason: reasonLabel(action) }),
    1
  )
  if (action._tag === "Transfer") {
    yield* Metric.update(Metric.withAttributes(transfers, { outcome: action.outcome._tag }), 1)
  } else if (action.reason._tag === "engineError") {
    yield* loop.failed(action.reason.kind)
  }
  for (const [peer, millis] of Object.entries(row)) {
    yield* Metric.update(rttOf(peer), Duration.toSeconds(Duration.millis(millis)))
  }
})

/** Ends the series of a peer that is no longer measured. */
export const forgetPeer = (peer: string): Effect.Effect<void> => Metric.remove(rttOf(peer))

const rttOf = (peer: string) => Metric.withAttributes(rtt, { peer })

const reasonLabel = (action: LocalityAction): string =>
  action._tag === "Stay" ? action.reason._tag : action.outcome._tag
