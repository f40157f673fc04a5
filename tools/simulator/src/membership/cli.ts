/** Reads the command line of `npm run sim -- membership` and prints its table. */
import { parseArgs } from "node:util"

import { oneOf, whole } from "../flags.ts"
import type { MembershipReportOptions, MembershipRow, Quantiles } from "./report.ts"
import type { Profile } from "./run.ts"
import { type Scenario, scenarios } from "./scenarios.ts"

const scenarioNames = scenarios.map(({ name }) => name)
const profileNames = ["lan", "wan", "local", "fast", "parity"] as const satisfies ReadonlyArray<Profile>

/** Most members of a run; with 10,000 each view costs about 9 bytes, together 0.9 GB. */
const nodesMax = 10_000

/** How the command is called. */
export const usage = `usage: npm run sim -- membership [--nodes N[,N...]] [--seed S] [--runs R] [--scenario NAME] [--profile ${profileNames.join("|")}] [--lifeguard on|off] [--json]
scenarios: ${scenarioNames.join(", ")}`

/** What the command is to do. */
export interface MembershipCommand extends MembershipReportOptions {
  readonly json: boolean
}

/** The command, or a sentence on what is wrong with it. */
export const readCommand = (args: ReadonlyArray<string>): MembershipCommand | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: flags })
    if (positionals.join(" ") !== "membership") return `expected the command "membership"`
    return {
      json: values.json,
      nodes: values.nodes.split(",").map((text) => whole("nodes", text, { minimum: 2, maximum: nodesMax })),
      firstSeed: whole("seed", values.seed, { minimum: 0, maximum: 2 ** 31 }),
      runs: whole("runs", values.runs, { minimum: 1, maximum: 10_000_000 }),
      scenario: scenarioNamed(values.scenario),
      profile: oneOf("profile", profileNames, values.profile),
      lifeguard: oneOf("lifeguard", ["on", "off"], values.lifeguard) === "on"
    }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const flags = {
  nodes: { type: "string", default: "32" },
  seed: { type: "string", default: "1" },
  runs: { type: "string", default: "1" },
  scenario: { type: "string", default: "chaos" },
  profile: { type: "string", default: "lan" },
  lifeguard: { type: "string", default: "on" },
  json: { type: "boolean", default: false }
} as const

const scenarioNamed = (text: string): Scenario => {
  const found = scenarios.find(({ name }) => name === text)
  if (found === undefined)
    throw new RangeError(`--scenario is one of ${scenarioNames.join(", ")}, not "${text}"`)
  return found
}

const columns: ReadonlyArray<readonly [title: string, of: (row: MembershipRow) => string]> = [
  ["scenario", ({ scenario }) => scenario],
  ["nodes", ({ nodes }) => String(nodes)],
  ["profile", ({ lifeguard, profile }) => (lifeguard ? profile : `${profile}, no Lifeguard`)],
  ["runs", ({ runs }) => String(runs)],
  ["first p50/p99", ({ firstMillis }) => seconds(firstMillis)],
  ["half p50/p99", ({ medianMillis }) => seconds(medianMillis)],
  ["all p50/p99", ({ fullMillis }) => seconds(fullMillis)],
  ["settled p50/p99", ({ settledMillis }) => seconds(settledMillis)],
  ["packets/node/s", ({ packetsPerNodeSecond }) => packetsPerNodeSecond.toFixed(2)],
  ["suspected", ({ suspected }) => String(suspected)],
  ["false (at healthy)", ({ falseAtHealthy, falsePositives }) => `${falsePositives} (${falseAtHealthy})`],
  ["responsive given up", ({ givenUpResponsive }) => String(givenUpResponsive)],
  ["queue max", ({ queueMax }) => String(queueMax)],
  ["RSS", ({ residentBytes }) => `${Math.round(residentBytes / 2 ** 20)} MiB`],
  ["virtual/wall", ({ virtualPerWall }) => virtualPerWall.toPrecision(3)],
  ["broken", ({ failures }) => String(failures)]
]

const seconds = (quantiles: Quantiles): string =>
  quantiles === undefined
    ? "-"
    : `${(quantiles.p50 / 1000).toFixed(2)} / ${(quantiles.p99 / 1000).toFixed(2)} s`

/** The table of all rows, in Markdown. */
export const table = (rows: ReadonlyArray<MembershipRow>): string =>
  [
    `| ${columns.map(([title]) => title).join(" | ")} |`,
    `| ${columns.map(() => "---").join(" | ")} |`,
    ...rows.map((row) => `| ${columns.map(([, of]) => of(row)).join(" | ")} |`)
  ].join("\n")

/** How to see the first broken run of a row again. */
export const replay = ({ failure, lifeguard, nodes, profile, scenario }: MembershipRow): string | undefined =>
  failure === undefined
    ? undefined
    : `FAILED: ${failure.reason}; replay with: npm run sim -- membership --scenario ${scenario} --nodes ${nodes} --profile ${profile} --lifeguard ${lifeguard ? "on" : "off"} --runs 1 --seed ${failure.seed}`
