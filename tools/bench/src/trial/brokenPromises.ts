/** What a trial must show; every broken promise is a line. */
import { idOf } from "./agents.ts"
import type { Expectation } from "./Scenario.ts"
import type { HandOver, TrialReport } from "./TrialReport.ts"

/** The promises that do not hold; none in a good run. */
export const brokenPromises = (
  report: TrialReport,
  expected: Expectation,
  allowedRequests: ReadonlySet<string>
): ReadonlyArray<string> => [
  ...report.missed,
  ...handOverProblems(report, expected),
  ...leaderProblems(report, expected),
  ...speedProblems(report, expected),
  ...intrusions(report, allowedRequests)
]

const handOverProblems = ({ handOvers, ownElections }: TrialReport, expected: Expectation) => {
  const [least, most] = expected.handOvers
  const count = handOvers.length
  const toSpared = Object.entries(expected.handOversTo ?? {}).flatMap(([node, limit]) => {
    const aimed = handOvers.filter(({ target }) => target === Number(node)).length
    return aimed <= limit ? [] : [`${aimed} hand-overs to ${idOf(Number(node))}, at most ${limit} expected`]
  })
  // An election by the engine begins a new epoch, in which one more hand-over is right.
  return [
    ...(count < least ? [`${count} hand-overs, at least ${least} expected`] : []),
    ...(count > most + ownElections
      ? [
          `${count} hand-overs, at most ${most} expected and ${ownElections} after elections: ${describe(handOvers)}`
        ]
      : []),
    ...toSpared
  ]
}

const describe = (handOvers: ReadonlyArray<HandOver>): string =>
  handOvers.map(({ group, outcome, target }) => `${group} to ${idOf(target)} ${outcome}`).join(", ")

const leaderProblems = ({ finalLeaders }: TrialReport, { leaders }: Expectation) =>
  Object.entries(finalLeaders).flatMap(([group, leader]) => {
    if (leader === null) return [`nobody leads ${group} in the end`]
    return leaders.includes(leader)
      ? []
      : [`${idOf(leader)} leads ${group} in the end, not one of ${leaders.map(idOf).join(", ")}`]
  })

const speedProblems = (
  { after, before, longestWriteGapMillis }: TrialReport,
  { writeGapMillis, writeRatio }: Expectation
) => {
  const ratio = before.writes.p50Millis / after.writes.p50Millis
  return [
    // Of no writes there is no ratio, which is no fall either.
    ...(writeRatio === undefined || ratio >= writeRatio
      ? []
      : [`write p50 fell ${ratio.toFixed(1)}x, not ${writeRatio}x`]),
    ...(after.writes.count > after.writes.failed ? [] : ["no write succeeded in the end"]),
    ...(writeGapMillis === undefined || longestWriteGapMillis < writeGapMillis
      ? []
      : [`${longestWriteGapMillis.toFixed(0)} ms between two writes, less than ${writeGapMillis} expected`])
  ]
}

const intrusions = ({ configuration, engineRequests }: TrialReport, allowedRequests: ReadonlySet<string>) => {
  const foreign = Object.keys(engineRequests).filter((request) => !allowedRequests.has(request))
  return [
    ...(configuration.before === configuration.after
      ? []
      : [`the cluster's membership changed from ${configuration.before} to ${configuration.after}`]),
    ...(Object.keys(engineRequests).length > 0 ? [] : ["no request of an agent to the engine was counted"]),
    ...(foreign.length === 0 ? [] : [`requests that an agent must never send: ${foreign.join(", ")}`])
  ]
}
