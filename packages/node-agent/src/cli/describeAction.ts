/** What was done about a group's leadership and why, in words. */
import type { HandOverOutcome, LocalityAction, StayReason } from "@coterie/locality"
import { Match } from "effect"

import { shortDuration, shortMillis } from "./table.ts"

/** The action in part of a sentence, such as "stay: the group is electing". */
export const describeAction = (action: LocalityAction): string =>
  action._tag === "Transfer"
    ? `${action.untargeted === true ? "step-down in the hope of" : "transfer to"} ${action.target}${saving(action.gainMillis)}: ${describeOutcome(action.outcome)} after ${shortDuration(action.tookMillis)}`
    : `stay: ${describeReason(action.reason)}`

const describeOutcome = Match.typeTags<HandOverOutcome, string>()({
  moved: () => "it leads",
  movedElsewhere: ({ leader }) => `${leader} leads instead`,
  unchanged: () => "the old leader kept it",
  unknown: () => "nobody was seen to lead",
  failed: ({ detail }) => `failed, ${detail},`
})

const describeReason = Match.typeTags<StayReason, string>()({
  notLeader: ({ leader }) => (leader === undefined ? "nobody leads" : `${leader} leads, its agent decides`),
  electing: () => "the group is electing",
  settling: ({ remainingMillis }) =>
    `leadership just changed${remainingMillis === undefined ? "" : `, settling for ${shortDuration(remainingMillis)}`}`,
  singleVoter: () => "nobody else votes",
  voterUnreachable: ({ voters }) => `no answer from ${voters.map(({ id }) => id).join(", ")}`,
  withinThreshold: ({ nearest, nearestMillis, thresholdMillis }) =>
    `nearest voter ${nearest} at ${shortMillis(nearestMillis)}, limit ${shortMillis(thresholdMillis)}`,
  cooldown: ({ remainingMillis, target }) =>
    `would move to ${target}, cooling down for ${shortDuration(remainingMillis)}`,
  paused: () => "the agent is paused",
  noSpare: ({ alive, needed }) => `no voter to spare, ${alive} alive, ${needed} needed`,
  noTarget: ({ detail }) => detail,
  insufficientData: ({ links }) => `not measured yet: ${describeLinks(links)}`,
  staleData: ({ links }) => `measured too long ago: ${describeLinks(links)}`,
  gainTooSmall: ({ best, gainMillis, neededMillis }) =>
    gainMillis > 0
      ? `${best} would save ${shortMillis(gainMillis)}, needed are ${shortMillis(neededMillis)}`
      : "nobody is better",
  preferred: () => "the preferred voter leads",
  notPersistent: ({ remainingMillis, target }) =>
    `would move to ${target}, if so for another ${shortDuration(remainingMillis)}`,
  frozen: ({ cause, remainingMillis, target }) =>
    `would move to ${target}, ${cause === "budget" ? "moved too often" : "the last move cost too much"}, frozen for ${shortDuration(remainingMillis)}`,
  draining: ({ remainingMillis }) => `draining, next attempt in ${shortDuration(remainingMillis)}`,
  advised: ({ gainMillis, target }) => `would move to ${target}${saving(gainMillis)} (mode is advise)`,
  engineError: ({ detail, operation }) => `${operation} failed, ${detail}`
})

/** A transfer that serves another end than speed saves nothing. */
const saving = (gainMillis: number): string => (gainMillis > 0 ? `, saving ${shortMillis(gainMillis)}` : "")

const describeLinks = (
  links: ReadonlyArray<{ readonly from: string; readonly to: string; readonly noAgent?: true | undefined }>
): string => links.map(({ from, noAgent, to }) => `${from}-${to}${noAgent ? " (no agent)" : ""}`).join(", ")
