/** The command line of every trial: which scenarios, how they are reported, and the exit code. */
import { parseArgs } from "node:util"

import { Effect } from "effect"

import { idOf } from "./agents.ts"
import { brokenPromises } from "./brokenPromises.ts"
import { localitySettings, runTrial } from "./runTrial.ts"
import type { Scenario } from "./Scenario.ts"
import { scenarios } from "./scenarios.ts"
import { markdownTable } from "./table.ts"
import type { TrialEngine } from "./TrialEngine.ts"
import type { TrialReport } from "./TrialReport.ts"

/** A report with the promises that it breaks. */
type Result = TrialReport & { readonly broken: ReadonlyArray<string> }

/** Runs the scenarios that the command line names on an engine; the exit code is 1 when a promise is broken or a trial cannot be run. */
export const trialCommand = async (engine: TrialEngine): Promise<void> => {
  const { values } = parseArgs({
    options: {
      scenario: { type: "string", multiple: true },
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      before: { type: "string", default: "15" },
      after: { type: "string", default: "60" }
    }
  })
  const chosen = chooseScenarios(engine, values)
  if (typeof chosen === "string") return fail(chosen)
  const options = { beforeSeconds: Number(values.before), afterSeconds: Number(values.after) }
  console.error(`locality: ${JSON.stringify(localitySettings)}`)
  const results: Array<Result> = []
  for (const scenario of chosen) {
    const exit = await Effect.runPromiseExit(
      runTrial(engine, scenario, options, (line) => Effect.sync(() => console.error(line)))
    )
    if (exit._tag === "Failure") {
      fail(`${scenario.name}: ${String(exit.cause)}`)
      continue
    }
    const broken = brokenPromises(exit.value, scenario.expect, engine.allowedRequests)
    results.push({ ...exit.value, broken })
    for (const line of broken) fail(`${scenario.name}: BROKEN: ${line}`)
  }
  console.log(values.json ? JSON.stringify(results, null, 2) : describe(results))
}

const fail = (line: string): void => {
  console.error(line)
  process.exitCode = 1
}

/** The scenarios to run, or what is wrong with the choice; the first one unless others are named. */
const chooseScenarios = (
  { groupsMax, name: engine }: TrialEngine,
  { all, scenario: names = [] }: { readonly all: boolean; readonly scenario?: ReadonlyArray<string> }
): ReadonlyArray<Scenario> | string => {
  const possible = scenarios.filter(({ groups }) => groups <= groupsMax)
  const known = possible.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) return `no scenario "${unknown}" of ${engine}; there are ${known.join(", ")}`
  if (!all)
    return possible.filter(({ name }, index) => (names.length > 0 ? names.includes(name) : index === 0))
  for (const { groups, name } of scenarios) {
    if (groups > groupsMax)
      console.error(`${name} is not run: a cluster of ${engine} is one group, not ${groups}`)
  }
  return possible
}

const millis = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`

const fromTo = (before: number, after: number): string => `${millis(before)} to ${millis(after)}`

const row = (result: Result): ReadonlyArray<string> => {
  const { after, before } = result
  return [
    result.scenario,
    result.leaders.map(idOf).join(", "),
    fromTo(before.writes.p50Millis, after.writes.p50Millis),
    fromTo(before.writes.p95Millis, after.writes.p95Millis),
    fromTo(before.reads.p50Millis, after.reads.p50Millis),
    String(result.handOvers.length),
    `${result.secondsToPlace.toFixed(1)} s`,
    millis(result.longestWriteGapMillis),
    String(result.failedWrites),
    result.broken.length === 0 ? "held" : `${result.broken.length} broken`
  ]
}

const header = [
  "scenario",
  "led by",
  "write p50",
  "write p95",
  "read p50",
  "hand-overs",
  "placed after",
  "longest write gap",
  "failed writes",
  "promises"
]

const describe = (results: ReadonlyArray<Result>): string =>
  [
    markdownTable(header, results.map(row)),
    "",
    ...results.flatMap((result) => [
      `${result.scenario}: terms passed ${result.termsPassed}, elections by the engine ${result.ownElections}, slowest write ${millis(result.slowestWriteMillis)}`,
      `  hand-overs ${JSON.stringify(result.handOvers)}`,
      `  requests ${JSON.stringify(result.engineRequests)}`,
      `  decisions ${JSON.stringify(result.decisions)}`
    ])
  ].join("\n")
