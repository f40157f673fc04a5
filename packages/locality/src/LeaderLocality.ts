/**
 * Keeps the leadership of an engine's groups where writes are fast.
 *
 * Only the agent beside a group's leader decides about that group. It asks for hand-overs and nothing else: the engine's membership is
 * out of its reach.
 */
import type { ConsensusGroups } from "@coterie/election"
import { Context, Effect, Layer, type Stream } from "effect"

import type { PlanNode } from "./core/assumptions.ts"
import type { LatencyMatrix } from "./core/latencyMatrix.ts"
import type { QuorumView } from "./core/QuorumView.ts"
import type { Decision } from "./Decision.ts"
import type { GroupExplanation, NotDecided } from "./GroupExplanation.ts"
import { LocalityOptions, type LocalityOptionsInput } from "./LocalityOptions.ts"
import type { AssumptionInvalid, GroupPlanReport } from "./LocalityPlan.ts"
import type { LocalityStance } from "./LocalityStance.ts"
import { makeReconciler } from "./reconcile.ts"
import type { RttProbe } from "./RttProbe.ts"

/** The reconciler of leadership and what it decided. */
export class LeaderLocality extends Context.Service<
  LeaderLocality,
  {
    /** The options in force, every default filled in. */
    readonly options: LocalityOptions
    /** Decisions from now on; a reader that is slower than `options.history` decisions loses the oldest and never blocks a pass. */
    readonly decisions: Stream.Stream<Decision>
    /** The last `options.history` decisions, newest last. */
    readonly recent: Effect.Effect<ReadonlyArray<Decision>>
    /** The newest decision about each group that the engine still has. */
    readonly latest: Effect.Effect<ReadonlyMap<string, Decision>>
    /** The row in ms that each group's newest decision saw: by group, then by voter; empty where nothing was measured. */
    readonly rows: Effect.Effect<ReadonlyMap<string, ReadonlyMap<string, number>>>
    /** Every row that this node knows, measured or heard, by place: a replica's address, or its id where it has none. Empty under `nearestPeer`. */
    readonly matrix: Effect.Effect<LatencyMatrix>
    /** What the last look at each group that is led here saw: the input of `quorumLatency`, for questions of what would be if. */
    readonly views: Effect.Effect<ReadonlyMap<string, QuorumView>>
    /** Explains the newest decision about the group: numbers, rule, and what stands in the way. Fails with `NotDecided` before the first one. */
    explain(group: string): Effect.Effect<GroupExplanation, NotDecided>
    /**
     * What would be if: each group that is led here, before and after assumptions such as `n3 down`, `zone b +80ms` and `n1-n2 120ms`, sorted
     * by name. `nodes` gives names and zones to replicas; every other replica is a node of its own name. Empty under `nearestPeer`, which
     * measures too little. Fails with `AssumptionInvalid`, which says where a text is wrong.
     */
    plan(
      assumptions: ReadonlyArray<string>,
      nodes?: ReadonlyArray<PlanNode>
    ): Effect.Effect<ReadonlyArray<GroupPlanReport>, AssumptionInvalid>
    /**
     * Makes one pass now and returns a decision for each group. Waits for a pass that is under way; the pass goes on when the caller is
     * interrupted. Empty when the engine cannot list its groups (counted in `locality_loop_errors_total`).
     */
    readonly evaluateNow: Effect.Effect<ReadonlyArray<Decision>>
    /** Changes what is asked of this agent, from the next pass on; peers learn of `draining` over `RowExchange`. */
    setStance(stance: LocalityStance): Effect.Effect<void>
    /** Forgets the group's attempts, back-offs and cooldown on this node, and so ends `frozen`. */
    forgetAttempts(group: string): Effect.Effect<void>
  }
>()("@coterie/locality/LeaderLocality") {
  /** Runs the reconciler until its scope closes. Options that contradict each other are a defect that names the rule. */
  static readonly layer = (
    options: LocalityOptionsInput = {}
  ): Layer.Layer<LeaderLocality, never, ConsensusGroups | RttProbe> =>
    Layer.effect(
      LeaderLocality,
      Effect.suspend(() => makeReconciler(LocalityOptions.make(options)))
    )
}
