/**
 * The load planner of the `nodedbCompat` policy: a pure function of loads, routing and topology, whatever order they come in.
 *
 * It moves leadership from nodes above the mean score to active nodes below it, round robin, one move per group and hot node. Known limits
 * are part of the rule: it does not ask what a move would improve, and a node that drains is never relieved.
 */
import { compareIds, compareTotal } from "../order.ts"
import type { PlannedMove } from "../plannedMove.ts"
import { groupIds, type RoutingTable } from "../routing.ts"
import { isActive, type Topology } from "../topology.ts"
import { type LoadRecord, type LoadWeights, normalizedScore } from "./load.ts"

/** What a plan is made of. */
export interface LoadView {
  readonly records: ReadonlyArray<LoadRecord>
  readonly routing: RoutingTable
  readonly topology: Topology
}

/** How eager the planner is. */
export interface LoadPlanOptions {
  /** Spread of scores, in percent of their mean, that is still balanced. */
  readonly imbalanceThresholdPercent: number
  readonly maxMovesPerGroup: number
  readonly maxMovesTotal: number
  readonly weights: LoadWeights
}

/** A node's score. */
export interface NodeScore {
  readonly node: string
  readonly score: number
}

/** Why there is nothing to move; the tags are also metric labels. */
export type NoPlanReason =
  /** Fewer than two nodes reported. */
  | { readonly _tag: "tooFewNodes"; readonly nodes: number }
  /** The scores of these nodes are not finite, so there is no mean to compare with. */
  | { readonly _tag: "unscorable"; readonly nodes: ReadonlyArray<string> }
  /** Nobody carries load. */
  | { readonly _tag: "idle" }
  /** Scores are no further apart than allowed. */
  | { readonly _tag: "balanced"; readonly spread: number; readonly allowed: number }
  /** No active node is below the mean. */
  | { readonly _tag: "noEligibleTarget" }
  /** No active node above the mean leads a group with shards that may still move. */
  | { readonly _tag: "nothingToMove" }

/** Moves in the order in which they were chosen, or the reason why there are none; and the scores behind it, coldest first. */
export type LoadPlan = { readonly scores: ReadonlyArray<NodeScore> } & (
  | { readonly _tag: "Planned"; readonly moves: ReadonlyArray<PlannedMove> }
  | { readonly _tag: "NoPlan"; readonly reason: NoPlanReason }
)

/** Plans moves until the caps are reached. */
export const loadPlan = (view: LoadView, options: LoadPlanOptions): LoadPlan => {
  const scores = rankScores(view.records, options.weights)
  const mean = scores.reduce((sum, { score }) => sum + score, 0) / scores.length
  const settled = reasonToRest(scores, mean, options.imbalanceThresholdPercent)
  if (settled !== undefined) return { _tag: "NoPlan", scores, reason: settled }

  const active = scores.filter(({ node }) => isActive(view.topology, node))
  const cold = active.filter(({ score }) => score < mean).map(({ node }) => node)
  if (cold.length === 0) return { _tag: "NoPlan", scores, reason: { _tag: "noEligibleTarget" } }
  const hot = active.filter(({ score }) => score > mean).map(({ node }) => node)
  const moves = chooseMoves(view.routing, { hot: hot.toReversed(), cold }, options)
  return moves.length === 0
    ? { _tag: "NoPlan", scores, reason: { _tag: "nothingToMove" } }
    : { _tag: "Planned", scores, moves }
}

/** Why scores alone call for no move, or undefined when they are too far apart. */
const reasonToRest = (
  scores: ReadonlyArray<NodeScore>,
  mean: number,
  thresholdPercent: number
): NoPlanReason | undefined => {
  const [coldest] = scores
  const hottest = scores.at(-1)
  if (coldest === undefined || hottest === undefined || coldest === hottest) {
    return { _tag: "tooFewNodes", nodes: scores.length }
  }
  if (!Number.isFinite(mean)) {
    const nodes = scores.filter(({ score }) => !Number.isFinite(score)).map(({ node }) => node)
    return { _tag: "unscorable", nodes }
  }
  if (mean <= 0) return { _tag: "idle" }
  const spread = hottest.score - coldest.score
  const allowed = (thresholdPercent / 100) * mean
  return spread <= allowed ? { _tag: "balanced", spread, allowed } : undefined
}

/** Scores by ascending score, then by node id. */
const rankScores = (records: ReadonlyArray<LoadRecord>, weights: LoadWeights): ReadonlyArray<NodeScore> =>
  records
    .map((record) => ({ node: record.node, score: normalizedScore(record, weights) }))
    .toSorted((a, b) => compareTotal(a.score, b.score) || compareIds(a.node, b.node))

/** Hottest sources first, coldest targets first. */
interface Sides {
  readonly hot: ReadonlyArray<string>
  readonly cold: ReadonlyArray<string>
}

const chooseMoves = (
  routing: RoutingTable,
  { cold, hot }: Sides,
  { maxMovesPerGroup, maxMovesTotal }: LoadPlanOptions
): ReadonlyArray<PlannedMove> => {
  const groups = groupIds(routing)
  const lowestShard = lowestShards(routing)
  const movesOf = new Map<number, number>()
  const moves: Array<PlannedMove> = []
  for (const source of hot) {
    for (const group of groups.filter((id) => routing.groups.get(id)?.leader === source)) {
      if (moves.length >= maxMovesTotal) return moves
      const shard = lowestShard.get(group)
      // The cursor over targets is the number of moves so far.
      const target = cold[moves.length % cold.length]
      const moved = movesOf.get(group) ?? 0
      if (moved >= maxMovesPerGroup || shard === undefined || target === undefined || target === source)
        continue
      movesOf.set(group, moved + 1)
      moves.push({ shard, source, target, group })
    }
  }
  return moves
}

/** A group without shards, such as metadata group 0, is not in the map and never moves. */
const lowestShards = (routing: RoutingTable): ReadonlyMap<number, number> => {
  const lowest = new Map<number, number>()
  routing.shards.forEach((group, shard) => {
    if (!lowest.has(group)) lowest.set(group, shard)
  })
  return lowest
}
