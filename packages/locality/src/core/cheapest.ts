/** The voter under which operations are cheapest. */
import { scoreOf } from "./quorumCost.ts"
import type { QuorumView } from "./QuorumView.ts"

/** A voter and the upper bound of its score in ms. */
export interface ScoredVoter {
  /** Index into the voters of the view. */
  readonly voter: number
  readonly id: string
  readonly score: number
}

/** The upper bound of a voter's score as things are now, in ms. */
export const scoreNow = (view: QuorumView, voter: number, rho: number): number =>
  scoreOf(view, voter, rho, { bound: "hiMillis", outlook: "now" })

/** Scores, and distances, that differ by less are equal; in ms. */
export const indifferenceMillis = (millis: number): number => Math.max(1, 0.02 * millis)

/**
 * The least score. Among equals the leader, then the voter that was wanted last time, so that noise between equals does not make a wish
 * fickle, then the voter whose farthest peer is nearest, then the smallest id.
 */
export const cheapest = (
  view: QuorumView,
  among: ReadonlyArray<number>,
  rho: number,
  wanted?: string
): ScoredVoter | undefined => {
  const scored = among.map((voter) => ({
    voter,
    id: view.voters[voter]?.id ?? "",
    score: scoreNow(view, voter, rho)
  }))
  const least = Math.min(...scored.map(({ score }) => score))
  const equals = scored.filter(({ score }) => score <= least + indifferenceMillis(least))
  return (
    equals.find(({ id }) => id === view.leader) ??
    equals.find(({ id }) => id === wanted) ??
    leastIsolated(view, equals)
  )
}

const leastIsolated = (view: QuorumView, equals: ReadonlyArray<ScoredVoter>): ScoredVoter | undefined => {
  const ranked = equals.map((scored) => ({ scored, farthest: farthestMillis(view, scored.voter) }))
  const least = Math.min(...ranked.map(({ farthest }) => farthest))
  return ranked
    .filter(({ farthest }) => farthest <= least + indifferenceMillis(least))
    .map(({ scored }) => scored)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))[0]
}

const farthestMillis = (view: QuorumView, voter: number): number =>
  (view.distances[voter] ?? []).reduce(
    (farthest, { hiMillis }, other) => (other === voter ? farthest : Math.max(farthest, hiMillis)),
    0
  )
