/** The metrics of leader locality. */
import { Duration, Effect, Metric } from "effect"

import type { Decision, LocalityAction } from "./Decision.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

/** Passes over all groups. */
export const iterations = counter("locality_loop_iterations_total", "Passes over all groups")
/** Duration of the last pass. */
export const lastDuration = Metric.gauge("locality_loop_last_iteration_duration_seconds", {
  description: "How long the last pass took"
})
/** 1 while the loop runs. */
export const up = Metric.gauge("locality_loop_up", { description: "1 while the loop runs" })
/** Ticks that were dropped because a pass took longer than the interval. */
export const droppedTicks = counter(
  "locality_loop_dropped_ticks_total",
  "Ticks dropped because a pass took longer than the interval"
)

const errors = counter("locality_loop_errors_total", "Calls to the engine that failed during passes, by kind")
const decisions = counter("locality_decisions_total", "Decisions by action and reason")
const transfers = counter("locality_transfers_total", "Transfers that were called, by verified outcome")
const refusedRows = counter(
  "locality_rows_refused_total",
  "Reports of other agents that could not be read or kept, by reason"
)
const rtt = Metric.gauge("locality_rtt_seconds", {
  description: "Last minimum round trip to a voter of a group led here"
})

/** How much cheaper an operation could be, over all groups led here. */
export const regret = Metric.gauge("locality_regret_seconds", {
  description:
    "Expected cost of an operation under the leader less that under the best voter, summed over the groups led here"
})

/** Counts a call to the engine that failed. */
export const countError = (kind: string): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(errors, { kind }), 1)

/** Counts a report of another agent that was not taken in. */
export const countRefusedRows = (reason: "unreadable" | "too_many_links"): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(refusedRows, { reason }), 1)

/** Counts a decision, and what it says about transfers, errors and round trips. */
export const countDecision = Effect.fnUntraced(function* ({ action, row }: Decision) {
  yield* Metric.update(
    Metric.withAttributes(decisions, { action: action._tag.toLowerCase(), reason: reasonLabel(action) }),
    1
  )
  if (action._tag === "Transfer") {
    yield* Metric.update(Metric.withAttributes(transfers, { outcome: action.outcome._tag }), 1)
  } else if (action.reason._tag === "engineError") {
    yield* countError(action.reason.kind)
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
