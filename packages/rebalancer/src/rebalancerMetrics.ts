/** The metrics of the rebalancer: the loop's four, and what became of moves. */
import { type LoopMetrics, makeLoopMetrics } from "@coterie/membership"
import { type Effect, Metric } from "effect"

import type { SkipReason } from "./SweepDecision.ts"

/** Errors that the loop counts; a sweep held back by a busy node counts as one. */
export type RebalancerErrorKind = "backpressure" | "control_store" | "dispatch" | "metrics_snapshot"

/** `rebalancer_loop_*`. */
export const loopMetrics: LoopMetrics<RebalancerErrorKind> = makeLoopMetrics("rebalancer_loop")

const noMoves = Metric.counter("rebalancer_no_move_total", {
  description: "Sweeps that moved nothing, by reason.",
  incremental: true
})
const moves = Metric.counter("rebalancer_moves_total", {
  description: "Dispatched moves that ended, by kind and outcome.",
  incremental: true
})
const pendingMoves = Metric.gauge("rebalancer_pending_moves", {
  description: "Dispatched moves that have not ended."
})

/** Counts a sweep that moved nothing. */
export const countNoMove = (reason: SkipReason["_tag"]): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(noMoves, { reason }), 1)

/** Counts a move that ended; `refused` never started because too many were under way. */
export const countMove = (outcome: "completed" | "failed" | "refused"): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(moves, { kind: "leader", outcome }), 1)

/** Reports how many moves are under way. */
export const reportPendingMoves = (pending: number): Effect.Effect<void> =>
  Metric.update(pendingMoves, pending)
