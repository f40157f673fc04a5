/** Puts what a group's newest decision was made from into numbers and one sentence. */
import { Match } from "effect"

import type { GroupAccount } from "./core/groupAccount.ts"
import type { LinkEnds } from "./core/QuorumVerdict.ts"
import type { Decision, HandOverOutcome, LocalityAction, StayReason } from "./Decision.ts"
import type { GroupExplanation, VoterExplanation } from "./GroupExplanation.ts"
import type { PolicyName } from "./LocalityOptions.ts"

/** What an explanation is made of. */
export interface Explainable {
  readonly decision: Decision
  readonly policy: PolicyName
  /** Undefined where this node does not lead, or its policy needs no matrix. */
  readonly account: GroupAccount | undefined
  readonly decidedAgoMillis: number
  /** Share of the operations that need a quorum. */
  readonly rho: number
}

/** Explains a group. */
export const explainGroup = ({
  account,
  decidedAgoMillis,
  decision,
  policy,
  rho
}: Explainable): GroupExplanation => {
  const { group, leader, mode, self, term } = decision
  const action = sooner(decision.action, decidedAgoMillis)
  const weighing = account?.weighing
  const gainMillis = known(weighing?.gainMillis)
  return {
    group,
    self,
    leader,
    term,
    policy,
    mode,
    summary: summarize(action, {
      leader,
      best: weighing?.best === leader ? undefined : weighing?.best,
      gainMillis,
      isEnough: weighing !== undefined && weighing.gainMillis >= (weighing.neededMillis ?? 0),
      unit: rho === 1 ? "write" : "operation"
    }),
    action,
    decidedAgoMillis: Math.round(decidedAgoMillis),
    best: weighing?.best,
    gainMillis,
    neededMillis: known(weighing?.neededMillis),
    voters: votersOf(decision, account)
  }
}

/** Verdicts stand for what nothing bounds with 1e9, explanations leave it out. */
const known = (millis: number | undefined): number | undefined =>
  millis === undefined || !(Math.abs(millis) < 1e9) ? undefined : millis

const votersOf = ({ row }: Decision, account: GroupAccount | undefined): ReadonlyArray<VoterExplanation> =>
  (
    account?.voters.map(
      ({ clientMillis, commitMillis, id, obstacle, penaltyMillis, scoreMillis }): VoterExplanation => ({
        id,
        rttMillis: row[id],
        clientMillis: known(clientMillis),
        commitMillis: known(commitMillis),
        penaltyMillis: known(penaltyMillis),
        scoreMillis: known(scoreMillis),
        obstacle
      })
    ) ?? Object.entries(row).map(([id, rttMillis]): VoterExplanation => ({ id, rttMillis }))
  ).toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** The action with what is left of its wait. */
const sooner = (action: LocalityAction, elapsedMillis: number): LocalityAction => {
  if (action._tag !== "Stay" || !("remainingMillis" in action.reason)) return action
  const { remainingMillis } = action.reason
  if (remainingMillis === undefined) return action
  return {
    ...action,
    reason: { ...action.reason, remainingMillis: Math.max(0, remainingMillis - elapsedMillis) }
  }
}

interface Prospect {
  readonly leader: string | undefined
  /** Undefined when it is the leader. */
  readonly best: string | undefined
  readonly gainMillis: number | undefined
  readonly isEnough: boolean
  readonly unit: "write" | "operation"
}

const summarize = (action: LocalityAction, prospect: Prospect): string => {
  const gain = (millis: number) => `${shown(millis)} ms per ${prospect.unit}`
  if (action._tag === "Transfer") {
    const { gainMillis, outcome, target, untargeted } = action
    if (untargeted === true && outcome._tag === "movedElsewhere") {
      return `let go, hoping for ${target}: the engine chose ${outcome.leader}`
    }
    return outcome._tag === "moved"
      ? `moved to ${target}, which gains ${gain(gainMillis)}`
      : `tried to move to ${target}, which would gain ${gain(gainMillis)}: ${endOf(outcome)}`
  }
  const { reason } = action
  const wish =
    "target" in reason && reason.target !== undefined
      ? { target: reason.target, gainMillis: reason.gainMillis }
      : prospect.isEnough
        ? { target: prospect.best, gainMillis: prospect.gainMillis }
        : undefined
  return wish?.target === undefined || wish.gainMillis === undefined
    ? `stays at ${prospect.leader ?? "nobody"}: ${causeOf(reason)}`
    : `would gain ${gain(wish.gainMillis)} at ${wish.target}; blocked: ${causeOf(reason)}`
}

const endOf = Match.typeTags<HandOverOutcome, string>()({
  moved: () => "it leads",
  movedElsewhere: ({ leader }) => `${leader} leads instead`,
  unchanged: () => "the old leader kept it",
  unknown: () => "nobody was seen to lead",
  failed: ({ detail }) => detail
})

const causeOf = Match.typeTags<StayReason, string>()({
  notLeader: ({ leader }) => `the agent beside ${leader ?? "the next leader"} decides`,
  electing: () => "the group is electing, or a transfer is under way",
  settling: ({ remainingMillis }) => `settling${left(remainingMillis)}`,
  singleVoter: () => "nobody else votes",
  voterUnreachable: ({ voters }) => `no answer from ${voters.map(({ id }) => id).join(", ")}`,
  withinThreshold: ({ nearest, nearestMillis, thresholdMillis }) =>
    `${nearest} is ${shown(nearestMillis)} ms away, up to ${shown(thresholdMillis)} ms are near enough`,
  cooldown: ({ remainingMillis }) => `cooldown${left(remainingMillis)}`,
  paused: () => "paused, until an operator resumes it",
  noSpare: ({ alive, needed }) => `no voter to spare, ${alive} alive, ${needed} needed`,
  noTarget: ({ detail }) => detail,
  insufficientData: ({ links }) => `not measured yet: ${listed(links)}`,
  staleData: ({ links }) => `measured too long ago: ${listed(links)}`,
  gainTooSmall: ({ best, gainMillis, neededMillis }) =>
    gainMillis > 0
      ? `${best} would gain ${shown(gainMillis)} ms, ${shown(neededMillis)} ms are needed`
      : "nobody is better",
  preferred: () => "it is the most preferred voter that may lead",
  notPersistent: ({ evaluations, remainingMillis }) =>
    `not wanted for long enough, ${evaluations} times so far${left(remainingMillis)}`,
  frozen: ({ cause, remainingMillis }) =>
    `frozen, ${cause === "budget" ? "moved too often" : "the last transfer cost more than it could win back"}${left(remainingMillis)}`,
  draining: ({ remainingMillis }) => `draining, after the last attempt${left(remainingMillis)}`,
  advised: () => "the mode is advise",
  engineError: ({ detail, operation }) => `${operation} failed: ${detail}`
})

const listed = (links: ReadonlyArray<LinkEnds>): string =>
  links
    .map(
      ({ from, noAgent, to }) =>
        `${from}-${to}${noAgent === true ? " (no word from an agent at either end)" : ""}`
    )
    .join(", ")

const left = (millis: number | undefined): string => (millis === undefined ? "" : `, ${inWords(millis)} left`)

const inWords = (millis: number): string => {
  const seconds = Math.ceil(millis / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}

/** Whole ms; one decimal below 10. */
const shown = (millis: number): string =>
  String(Math.abs(millis) < 10 ? Math.round(millis * 10) / 10 : Math.round(millis))
