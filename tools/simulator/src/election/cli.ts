/** Reads the command line of `npm run sim -- election` and prints its table. */
import { parseArgs } from "node:util"

import { oneOf, whole } from "../flags.ts"
import type { ElectionReportOptions, ElectionRow } from "./report.ts"
import { nodesMax, strategies } from "./run.ts"
import { scenarios } from "./scenarios.ts"

const ofStore = scenarios.flatMap(({ name, needsStore }) => (needsStore ? [name] : []))

/** How the command is called. */
export const usage = `usage: npm run sim -- election [--runs N] [--seed S] [--scenario NAME] [--nodes N] [--strategy ${strategies.join("|")}] [--json]
scenarios: ${scenarios.map(({ name }) => `"${name}"`).join(", ")}
of these only for --strategy lease: ${ofStore.map((name) => `"${name}"`).join(", ")}`

/** What the command is to do. */
export interface ElectionCommand extends ElectionReportOptions {
  readonly json: boolean
}

/** The command, or a sentence on what is wrong with it. */
export const readCommand = (args: ReadonlyArray<string>): ElectionCommand | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: flags })
    if (positionals.join(" ") !== "election") return `expected the command "election"`
    const scenario =
      values.scenario === undefined ? undefined : oneOf("scenario", scenarioNames, values.scenario)
    const strategy =
      values.strategy === undefined ? undefined : oneOf("strategy", strategies, values.strategy)
    if (strategy !== undefined && strategy !== "lease" && ofStore.some((name) => name === scenario))
      return `--scenario "${scenario}" is for --strategy lease, not "${strategy}"`
    return {
      json: values.json,
      runs: whole("runs", values.runs, { minimum: 1, maximum: 10_000_000 }),
      firstSeed: whole("seed", values.seed, { minimum: 0, maximum: 2 ** 31 }),
      nodes:
        values.nodes === undefined
          ? undefined
          : whole("nodes", values.nodes, { minimum: 1, maximum: nodesMax }),
      scenario,
      strategy
    }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const flags = {
  runs: { type: "string", default: "100" },
  seed: { type: "string", default: "1" },
  scenario: { type: "string" },
  nodes: { type: "string" },
  strategy: { type: "string" },
  json: { type: "boolean", default: false }
} as const

const scenarioNames = scenarios.map(({ name }) => name)

const header = [
  "| scenario | nodes | strategy | two leaders, mean | no leader | gap mean | gap p99 | fenced violations |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |"
]

/** The table of all rows, in Markdown. */
export const table = (rows: ReadonlyArray<ElectionRow>): string => [...header, ...rows.map(line)].join("\n")

const line = (row: ElectionRow): string =>
  `| ${[
    row.scenario.padEnd(26),
    row.nodes,
    row.strategy.padEnd(6),
    `${(row.dualMasterMillis / 1000).toFixed(2).padStart(7)} s`,
    `${(row.noMasterShare * 100).toFixed(2).padStart(5)} %`,
    `${row.gapMeanMillis.toFixed(0).padStart(6)} ms`,
    `${row.gapP99Millis.toFixed(0).padStart(6)} ms`,
    row.fencedViolations
  ].join(" | ")} |`

/** How to see a failed run again, for a strategy that promises never to fail. */
export const replay = ({ failure, nodes, scenario, strategy }: ElectionRow): string | undefined =>
  strategy !== "quorum" && failure !== undefined
    ? `FAILED: ${failure.reason}; replay with: npm run sim -- election --scenario "${scenario}" --nodes ${nodes} --strategy ${strategy} --runs 1 --seed ${failure.seed}`
    : undefined
