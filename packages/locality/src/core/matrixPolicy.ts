/**
 * The frame that every policy over a matrix shares: only the agent beside the leader decides, evacuation comes before everything, and the
 * guards say when a good idea may be carried out.
 */
import { cheapest, scoreNow } from "./cheapest.ts"
import { remoteAcks } from "./quorumCost.ts"
import {
  boundedMillis,
  type QuorumReason,
  type QuorumVerdict,
  stay,
  type TransferWish
} from "./QuorumVerdict.ts"
import type { Ineligibility, QuorumView, QuorumVoter } from "./QuorumView.ts"
import {
  evacuationRestMillis,
  type GuardLimits,
  type GuardState,
  isBackedOff,
  recordWish,
  seeLeadership,
  whyWait
} from "./transferGuards.ts"

/** How a policy over a matrix decides. */
export interface MatrixPolicyLimits extends GuardLimits {
  /** Least gain, in ms per operation, */
  readonly gainMillis: number
  /** and as a share of the present score. */
  readonly gainRatio: number
  /** Share of operations that need a quorum round, 0 to 1. */
  readonly rho: number
  /** Decide on estimated links too. */
  readonly allowEstimated: boolean
  /** Let an engine that cannot name a target choose the next leader, when that gains on average. */
  readonly allowUntargeted: boolean
  /** Move nothing while any voter is away. */
  readonly strictAllReachable: boolean
  /** Replica ids, the most preferred first; for `staticPreference`. */
  readonly preference: ReadonlyArray<string>
}

/** A wish, or why there is none. */
export type Finding =
  | ({ readonly _tag: "Wish" } & TransferWish)
  | { readonly _tag: "None"; readonly reason: QuorumReason }

/** Who may lead, by index into the voters of a view. */
export interface Candidates {
  readonly current: number
  /** Without the leader. */
  readonly others: ReadonlyArray<number>
  /** The target that the last evaluation wanted. */
  readonly wanted: string | undefined
}

/** What a policy would choose, whether or not it is worth it. */
export interface Weighing {
  /** The leader itself where nobody is better. */
  readonly best: string
  readonly gainMillis: number
  /** The least gain that is worth a transfer; undefined where the policy does not go by gain. */
  readonly neededMillis: number | undefined
}

/** Compares the leader with the others; undefined when nobody may lead. */
export type Weigh = (
  view: QuorumView,
  candidates: Candidates,
  limits: MatrixPolicyLimits
) => Weighing | undefined

/** Finds the transfer that is worth making, whatever the time. */
export type Assessment = (view: QuorumView, candidates: Candidates, limits: MatrixPolicyLimits) => Finding

/** Decides about one group: the same state and view always give the same verdict. */
export type MatrixPolicy = (
  state: GuardState,
  view: QuorumView,
  limits: MatrixPolicyLimits
) => readonly [GuardState, QuorumVerdict]

/** A policy that carries out an assessment. */
export const matrixPolicy =
  (assess: Assessment): MatrixPolicy =>
  (state, view, limits) => {
    const { leader, nowMillis } = view
    if (leader === undefined || view.electing) return [state, stay({ _tag: "electing" })]
    const seen = seeLeadership(state, leader, view.term, nowMillis)
    const wishless = (verdict: QuorumVerdict) => [recordWish(seen, undefined, nowMillis), verdict] as const
    const refusal = whyNotHere(view, leader)
    if (refusal !== undefined) return wishless(stay(refusal))
    const candidates = candidatesOf(seen, view)
    if (view.draining) return wishless(evacuate(seen, view, candidates, limits))
    const unsafe = whyUnsafe(view, candidates, limits)
    if (unsafe !== undefined) return wishless(stay(unsafe))

    const finding = assess(view, candidates, limits)
    if (finding._tag === "None") return wishless(stay(finding.reason))
    const { gainMillis, target } = finding
    const wishing = recordWish(seen, target, nowMillis)
    const budget = view.targeted
      ? limits
      : { ...limits, attemptsPerDay: Math.min(limits.attemptsPerDay, rollsPerDay) }
    const wait = whyWait(wishing, { target, gainMillis }, budget, view)
    return [wishing, wait === undefined ? transfer(view, finding, false) : stay(wait)]
  }

/** Attempts in 24 h on an engine that chooses for itself: each one is a roll of the dice. */
const rollsPerDay = 3

const transfer = (
  { targeted }: QuorumView,
  { gainMillis, target }: TransferWish,
  evacuation: boolean
): QuorumVerdict => ({
  _tag: "Transfer",
  target,
  gainMillis,
  evacuation,
  ...(targeted ? {} : { untargeted: true })
})

const whyNotHere = (view: QuorumView, leader: string): QuorumReason | undefined => {
  if (leader !== view.self) return { _tag: "notLeader", leader }
  if (view.paused) return { _tag: "paused" }
  return view.voters.length <= 1 ? { _tag: "singleVoter" } : undefined
}

/** Why a voter may not be given leadership now. */
export type Obstacle = Ineligibility | "away" | "failedLately"

/** Why the voter may not be given leadership; undefined when it may. */
export const obstacleTo = (
  state: GuardState,
  nowMillis: number,
  { alive, id, ineligible }: QuorumVoter
): Obstacle | undefined => {
  if (!alive) return "away"
  return ineligible ?? (isBackedOff(state, id, nowMillis) ? "failedLately" : undefined)
}

/** The voters that may lead. */
export const candidatesOf = (state: GuardState, { nowMillis, self, voters }: QuorumView): Candidates => {
  const others: Array<number> = []
  let current = -1
  for (const [index, voter] of voters.entries()) {
    if (voter.id === self) current = index
    else if (obstacleTo(state, nowMillis, voter) === undefined) others.push(index)
  }
  return { current, others, wanted: state.wish?.target }
}

/** Hands over to the best voter there is, whatever it costs. */
const evacuate = (
  state: GuardState,
  view: QuorumView,
  { current, others }: Candidates,
  limits: MatrixPolicyLimits
): QuorumVerdict => {
  const best = cheapest(view, others, limits.rho)
  if (best === undefined) return stay({ _tag: "noTarget", detail: nobodyElse })
  if (!view.targeted && !limits.allowUntargeted) return stay({ _tag: "noTarget", detail: noChoice })
  const remainingMillis = evacuationRestMillis(state, limits, view.nowMillis)
  if (remainingMillis > 0) return stay({ _tag: "draining", remainingMillis })
  const gainMillis = boundedMillis(scoreNow(view, current, limits.rho) - best.score)
  return transfer(view, { target: best.id, gainMillis }, true)
}

/** Why nothing may move for its own sake; undefined when it may. */
const whyUnsafe = (
  { voters }: QuorumView,
  { current, others }: Candidates,
  { strictAllReachable }: MatrixPolicyLimits
): QuorumReason | undefined => {
  const away = voters.filter(({ alive }) => !alive).map(({ id }) => ({ id, detail: "does not answer" }))
  if (strictAllReachable && away.length > 0) return { _tag: "voterUnreachable", voters: away }
  const alive = voters.length - away.length
  // A quorum and one to spare; two voters have no spare at the best of times.
  const needed = Math.min(voters.length, remoteAcks(voters.length) + 2)
  if (alive < needed) return { _tag: "noSpare", alive, needed }
  if (current === -1)
    return { _tag: "noTarget", detail: "the leader is no voter, so a reconfiguration is under way" }
  return others.length === 0 ? { _tag: "noTarget", detail: nobodyElse } : undefined
}

/** What keeps an engine that chooses for itself from being moved. */
export const noChoice = "this engine cannot hand over to a target of choice"

const nobodyElse = "every other voter is away, draining, excluded or failed lately"
