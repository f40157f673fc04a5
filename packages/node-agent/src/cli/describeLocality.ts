/** Why a group is led from where it is, and what would be if, as lines for people. */
import type { GroupPlanReport, LocalityAction, PlacementReport, VoterExplanation } from "@coterie/locality"

import type { ExplainGroupReport, LocalityPlanReport } from "../api/localityResponses.ts"
import { leaderName } from "./describeLeadership.ts"
import type { Paint } from "./output.ts"
import { fieldLines, shortDuration, shortMillis, tableLines } from "./table.ts"

const none = "-"

/** The verdict in a sentence, the rule that fired, and every voter as leader; `*` marks the leader. */
export const describeGroupExplanation = (
  { explanation }: ExplainGroupReport,
  paint: Paint
): ReadonlyArray<string> => {
  const { action, best, decidedAgoMillis, gainMillis, leader, neededMillis, self, term, voters } = explanation
  return [
    ...fieldLines({
      group: explanation.group,
      leader: leaderName(leader, leader === self),
      term: term === undefined ? undefined : String(term),
      why: explanation.summary,
      rule: `${ruleOf(action)} (${explanation.policy}, mode ${explanation.mode})`,
      best: best === leader ? undefined : best,
      gain:
        gainMillis === undefined || best === leader
          ? undefined
          : `${shortMillis(gainMillis)}${neededMillis === undefined ? "" : `, needed are ${shortMillis(neededMillis)}`}`,
      wait: waitOf(action),
      decided: `${shortDuration(decidedAgoMillis)} ago`
    }),
    ...(voters.length === 0
      ? []
      : [
          "",
          ...tableLines(
            ["VOTER", "RTT", "QUORUM", "SCORE", "MAY LEAD"].map(paint.strong),
            voters.map((voter) => voterRow(voter, leader))
          )
        ])
  ]
}

/** The word by which metrics, logs and decisions know it too. */
const ruleOf = (action: LocalityAction): string =>
  action._tag === "Stay" ? action.reason._tag : action.outcome._tag

const waitOf = (action: LocalityAction): string | undefined =>
  action._tag === "Stay" && "remainingMillis" in action.reason && action.reason.remainingMillis !== undefined
    ? shortDuration(action.reason.remainingMillis)
    : undefined

const voterRow = (
  { commitMillis, id, obstacle, rttMillis, scoreMillis }: VoterExplanation,
  leader: string | undefined
): ReadonlyArray<string> => [
  id === leader ? `${id} *` : id,
  millisOr(rttMillis),
  millisOr(commitMillis),
  millisOr(scoreMillis),
  obstacle === undefined ? "yes" : `no, ${obstacles[obstacle]}`
]

const obstacles: Readonly<Record<NonNullable<VoterExplanation["obstacle"]>, string>> = {
  away: "it does not answer",
  draining: "it is draining",
  excluded: "it is excluded",
  lagging: "it lags behind",
  failedLately: "the last attempt failed"
}

const millisOr = (millis: number | undefined): string => (millis === undefined ? none : shortMillis(millis))

/** Each group before and after, and what losing one more voter would cost. */
export const describePlan = ({ groups }: LocalityPlanReport, paint: Paint): ReadonlyArray<string> =>
  groups.length === 0
    ? []
    : [
        ...tableLines(
          ["GROUP", "NOW", "THEN", "BEST", "THEN THE AGENT"].map(paint.strong),
          groups.map(({ after, before, group }) => [
            group,
            placed(before.leader, before.leaderMillis),
            after.quorumLost ? paint.bad("no quorum") : placed(after.leader, after.leaderMillis),
            placed(after.best, after.bestMillis),
            conduct(after)
          ])
        ),
        ...groups.flatMap(lossLines)
      ]

const placed = (voter: string | undefined, millis: number | undefined): string =>
  voter === undefined ? "nobody" : millis === undefined ? voter : `${voter} at ${shortMillis(millis)}`

const conduct = ({ leader, quorumLost, reason, target }: PlacementReport): string => {
  if (target !== undefined) return `moves it to ${target}`
  if (quorumLost) return "waits for voters"
  return leader === undefined ? "waits for the election" : `stays, ${reason ?? "for no reason"}`
}

const lossLines = ({ group, losses }: GroupPlanReport): ReadonlyArray<string> => {
  const fatal = losses.filter(({ quorumLost }) => quorumLost).map(({ voter }) => voter)
  const dear = losses.flatMap(({ costMillis, quorumLost, voter }) =>
    quorumLost || costMillis === undefined || costMillis < 1 ? [] : [`${voter} +${shortMillis(costMillis)}`]
  )
  return [
    ...(fatal.length === 0 ? [] : [`${group}: losing one of ${fatal.join(", ")} too would lose the quorum`]),
    ...(dear.length === 0 ? [] : [`${group}: losing it too would cost: ${dear.join(", ")}`])
  ]
}
