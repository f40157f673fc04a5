/**
 * The policy `quorumLatency`: leadership belongs to the voter under which an operation is cheapest, counted at the quorum's order statistic.
 *
 * A transfer needs a gain g of more than 4 delta + epsilon, where no score is off by more than delta and scores within epsilon are equals.
 * Then at most one transfer succeeds while nothing changes, whoever decides and however stale the shared rows are: if leadership moves to t,
 * then S(t) <= S(x) + 2 delta + epsilon for every x, and a second move from t to x would need S(t) - S(x) >= g - 2 delta.
 */
import { cheapest, indifferenceMillis, scoreNow, type ScoredVoter } from "./cheapest.ts"
import {
  type Assessment,
  type Candidates,
  type Finding,
  matrixPolicy,
  type MatrixPolicyLimits,
  noChoice,
  type Weigh
} from "./matrixPolicy.ts"
import { type DecidingLink, decidingLinks, linksOf, scoreOf } from "./quorumCost.ts"
import { boundedMillis, type QuorumReason } from "./QuorumVerdict.ts"
import type { QuorumView } from "./QuorumView.ts"

const assess: Assessment = (view, candidates, limits) => {
  const best = bestOf(view, candidates, limits)
  if (best === undefined) return none({ _tag: "noTarget", detail: "nobody may lead" })
  const unknown = limits.allowEstimated ? undefined : whyUnknown(view, candidates, best, limits)
  if (unknown !== undefined) return none(unknown)

  const { gainMillis, neededMillis } = compare(view, candidates, best, limits)
  if (best.voter === candidates.current || gainMillis < neededMillis) {
    return none({ _tag: "gainTooSmall", best: best.id, gainMillis, neededMillis })
  }
  return view.targeted || limits.allowUntargeted
    ? { _tag: "Wish", target: best.id, gainMillis }
    : none({ _tag: "noTarget", detail: noChoice })
}

/** Decides about one group: the same state and view always give the same verdict. */
export const quorumLatency = matrixPolicy(assess)

/** The cheapest voter, what it would gain for certain, and what a transfer must gain. */
export const weighLatency: Weigh = (view, candidates, limits) => {
  const best = bestOf(view, candidates, limits)
  return best === undefined ? undefined : { best: best.id, ...compare(view, candidates, best, limits) }
}

const bestOf = (view: QuorumView, { current, others, wanted }: Candidates, { rho }: MatrixPolicyLimits) =>
  cheapest(view, current === -1 ? others : [current, ...others], rho, wanted)

const compare = (
  view: QuorumView,
  { current }: Candidates,
  best: ScoredVoter,
  limits: MatrixPolicyLimits
) => ({
  gainMillis: gainOf(view, current, view.targeted ? [best.voter] : healthyOthers(view, current), limits),
  neededMillis: boundedMillis(neededFor(view, current, best.voter, limits))
})

/** Whom an engine that chooses for itself may choose, also those that should not lead: the gain is what they gain on average. */
const healthyOthers = ({ voters }: QuorumView, current: number): ReadonlyArray<number> =>
  voters.flatMap(({ alive }, voter) => (alive && voter !== current ? [voter] : []))

const none = (reason: QuorumReason): Finding => ({ _tag: "None", reason })

/** The gain that is certain, now and after every voter is back: what looks good only during an outage is no gain. */
const gainOf = (
  view: QuorumView,
  current: number,
  targets: ReadonlyArray<number>,
  { rho }: MatrixPolicyLimits
): number => {
  const gains = (["now", "healed"] as const).map((outlook) => {
    const before = scoreOf(view, current, rho, { bound: "loMillis", outlook })
    const after = targets.map((target) => scoreOf(view, target, rho, { bound: "hiMillis", outlook }))
    return before - after.reduce((sum, score) => sum + score, 0) / targets.length
  })
  return boundedMillis(Math.min(...gains))
}

/** What the gain must reach: worth the trouble, and more than errors of measurement could feign. */
const neededFor = (
  view: QuorumView,
  current: number,
  target: number,
  { gainMillis, gainRatio, rho }: MatrixPolicyLimits
): number => {
  const links = [...decidingLinks(view, current), ...decidingLinks(view, target)]
  const quorumError = links.reduce((most, { distance }) => Math.max(most, distance.errorMillis), 0)
  const originError = view.origins.reduce(
    (most, { distances }) =>
      Math.max(most, distances[current]?.errorMillis ?? 0, distances[target]?.errorMillis ?? 0),
    0
  )
  const delta = originError + rho * quorumError
  const score = scoreNow(view, current, rho)
  // The target was the best or its equal, so what counts as equal comes on top; 2 % of the error too, as equality is relative to the score.
  return Math.max(gainMillis, gainRatio * score, 4.1 * delta + indifferenceMillis(score))
}

/**
 * The links that must be measured first: those that decide the leader's and the target's cost, and those of any voter that might yet turn out
 * better than the target by what a transfer needs, as that would be a second transfer.
 */
const whyUnknown = (
  view: QuorumView,
  { current, others }: Candidates,
  best: ScoredVoter,
  { gainMillis, gainRatio, rho }: MatrixPolicyLimits
): QuorumReason | undefined => {
  const again = Math.max(gainMillis, gainRatio * best.score)
  const mightBeBetter = (voter: number): boolean =>
    scoreOf(view, voter, rho, { bound: "loMillis", outlook: "now" }) + again <= best.score
  const unmeasured = [
    ...decidingLinks(view, current),
    ...(best.voter === current ? [] : decidingLinks(view, best.voter)),
    ...others.flatMap((voter) => (voter !== best.voter && mightBeBetter(voter) ? linksOf(view, voter) : []))
  ].filter(({ distance }) => distance.basis !== "measured")
  if (unmeasured.length === 0) return undefined
  return {
    _tag: unmeasured.every(({ distance }) => distance.basis === "stale") ? "staleData" : "insufficientData",
    links: distinctEnds(unmeasured)
  }
}

/** Each link once, whichever end it was met from. */
const distinctEnds = (links: ReadonlyArray<DecidingLink>) => {
  const distinct = new Map<string, { readonly from: string; readonly to: string }>()
  for (const { from, to } of links) {
    const [one, other] = from < to ? [from, to] : [to, from]
    distinct.set(JSON.stringify([one, other]), { from: one, to: other })
  }
  return [...distinct.values()]
}
