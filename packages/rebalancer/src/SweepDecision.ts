/** What one sweep decided, and why; doing nothing has a reason too. The tags of reasons are also metric labels. */
import { NodeId } from "@coterie/membership"
import { Schema } from "effect"

import { PlannedMove } from "./MigrationDispatcher.ts"

/** Why a sweep moved nothing; each `detail` is at most 300 characters. */
export const SkipReason = Schema.TaggedUnion({
  /** A group is between leaders; leadership and loads are about to change. */
  electing: { group: Schema.String, detail: Schema.String },
  /** No load snapshot could be had. */
  metricsUnavailable: { detail: Schema.String },
  /** A node's cpu is above the threshold; moving load costs cpu. */
  backpressure: { node: NodeId, cpu: Schema.Finite, threshold: Schema.Finite },
  /** Topology and routing could not be read. */
  controlStoreUnavailable: { detail: Schema.String },
  /** Fewer than two nodes reported their load. */
  tooFewNodes: { nodes: Schema.Int },
  /** The scores of these nodes are not numbers to compare. */
  unscorable: { nodes: Schema.Array(NodeId) },
  /** Nobody carries load. */
  idle: {},
  /** Scores are no further apart than allowed. */
  balanced: { spread: Schema.Finite, allowed: Schema.Finite },
  /** No active node is below the mean. */
  noEligibleTarget: {},
  /** No active node above the mean leads a group with shards that may still move. */
  nothingToMove: {}
})
/** Why a sweep moved nothing. */
export type SkipReason = typeof SkipReason.Type

/** What a sweep did. */
export const SweepAction = Schema.TaggedUnion({
  Skipped: { reason: SkipReason },
  /** The moves were handed to the dispatcher, which nobody waits for. */
  Dispatched: { moves: Schema.Array(PlannedMove) }
})
/** What a sweep did. */
export type SweepAction = typeof SweepAction.Type

/** What started a sweep: the interval, a kick, or a caller of `sweepOnce`. */
export const SweepTrigger = Schema.Literals(["tick", "kick", "call"])
/** What started a sweep. */
export type SweepTrigger = typeof SweepTrigger.Type

/** One sweep: why it started, what it did. */
export const SweepDecision = Schema.Struct({
  /** Number of the sweep in this process, from 1. */
  sweep: Schema.Int,
  trigger: SweepTrigger,
  /** Wall clock, ISO 8601 UTC; for people only, nothing is computed from it. */
  at: Schema.String,
  /** How long deciding took, in ms; dispatches are not waited for. */
  tookMillis: Schema.Finite,
  action: SweepAction
})
/** One sweep: why it started, what it did. */
export type SweepDecision = typeof SweepDecision.Type

/** Says in one clause for a person why nothing was moved. */
export const explainSkip = (reason: SkipReason): string =>
  SkipReason.match(reason, {
    electing: ({ detail, group }) => `group ${group}: ${detail}`,
    metricsUnavailable: ({ detail }) => detail,
    backpressure: ({ cpu, node, threshold }) =>
      `node ${node} runs at ${percent(cpu)} cpu, above ${percent(threshold)}`,
    controlStoreUnavailable: ({ detail }) => detail,
    tooFewNodes: ({ nodes }) => `${nodes} nodes reported their load, at least 2 are needed`,
    unscorable: ({ nodes }) => `the scores of ${nodes.join(", ")} are not finite numbers`,
    idle: () => "no node carries load",
    balanced: ({ allowed, spread }) =>
      `scores are ${spread.toFixed(1)} apart, up to ${allowed.toFixed(1)} is balanced`,
    noEligibleTarget: () => "no active node is below the mean",
    nothingToMove: () => "no active node above the mean leads a group that may move"
  })

const percent = (fraction: number): string => `${(fraction * 100).toFixed(0)} %`
