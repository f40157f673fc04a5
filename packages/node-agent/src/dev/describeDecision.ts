/** Puts a decision about the group's leadership into the terms of the view. */
import type { Decision, HandOverOutcome, StayReason } from "@coterie/locality"

import type { SeenDecision } from "./core/demoState.ts"

/** The decision of this node's agent, with one sentence for a person. */
export const describeDecision = (node: string, { action, at, leader, row, term }: Decision): SeenDecision => {
  const seen = { node, row, term, leads: leader === node }
  if (action._tag === "Stay") {
    const { reason } = action
    return {
      ...seen,
      sentence: `stay: ${whyStay(reason)}`,
      gist: `${reason._tag} in term ${term}`,
      transfer: undefined,
      wellPlaced: reason._tag === "withinThreshold"
    }
  }
  const { outcome, target, tookMillis } = action
  const distance = millis(row[target] ?? 0)
  return {
    ...seen,
    sentence: `hand over to ${target}, the nearest voter but ${distance} away: ${howEnded(outcome)} after ${millis(tookMillis)}`,
    gist: `transfer at ${at}`,
    transfer: { from: node, to: target, outcome: outcome._tag, tookMillis },
    wellPlaced: false
  }
}

const millis = (value: number): string => `${value.toFixed(0)} ms`

const whyStay = (reason: StayReason): string => {
  switch (reason._tag) {
    case "notLeader":
      return `${reason.leader ?? "nobody"} leads, and the agent beside the leader decides`
    case "electing":
      return "the group is electing"
    case "settling":
      return "leadership changed while it was measured"
    case "singleVoter":
      return "there is nobody to hand over to"
    case "voterUnreachable":
      return `nothing moves while ${reason.voters.map(({ id }) => id).join(" and ")} does not answer`
    case "withinThreshold":
      return `${reason.nearest} is ${millis(reason.nearestMillis)} away, within ${millis(reason.thresholdMillis)}`
    case "cooldown":
      return `would hand over to ${reason.target}, but rests for another ${millis(reason.remainingMillis)}`
    case "advised":
      return `would hand over to ${reason.target}, but may only advise`
    case "engineError":
      return `${reason.operation} failed: ${reason.detail}`
  }
}

const howEnded = (outcome: HandOverOutcome): string => {
  switch (outcome._tag) {
    case "moved":
      return "it leads"
    case "movedElsewhere":
      return `${outcome.leader} leads instead`
    case "unchanged":
      return "the old leader kept it"
    case "unknown":
      return "nobody was seen to lead"
    case "failed":
      return `failed, ${outcome.detail},`
  }
}
