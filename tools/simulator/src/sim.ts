/**
 * `npm run sim -- election [--runs N] [--seed S] [--scenario NAME] [--nodes N] [--strategy leased|quorum] [--json]`
 *
 * Fails, and prints the command that replays it, when the leased strategy had two leaders or fooled a fenced resource.
 */
import { parseArgs } from "node:util"

import { electionReport, type ElectionRow } from "./election/report.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    scenario: { type: "string" },
    nodes: { type: "string" },
    strategy: { type: "string" },
    json: { type: "boolean", default: false }
  }
})

const line = (row: ElectionRow): string =>
  `| ${row.scenario.padEnd(26)} | ${row.nodes} | ${row.strategy.padEnd(6)} | ${(row.dualMasterMillis / 1000).toFixed(2).padStart(7)} s | ${(
    row.noMasterShare * 100
  )
    .toFixed(2)
    .padStart(
      5
    )} % | ${row.gapMeanMillis.toFixed(0).padStart(6)} ms | ${row.gapP99Millis.toFixed(0).padStart(6)} ms | ${row.fencedViolations} |`

const report = (): void => {
  const rows: Array<ElectionRow> = []
  const strategy = values.strategy === "leased" || values.strategy === "quorum" ? values.strategy : undefined
  if (!values.json) {
    console.log(
      "| scenario | nodes | strategy | two leaders, mean | no leader | gap mean | gap p99 | fenced violations |"
    )
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- |")
  }
  for (const row of electionReport({
    runs: Number(values.runs),
    firstSeed: Number(values.seed),
    scenario: values.scenario,
    nodes: values.nodes === undefined ? undefined : Number(values.nodes),
    strategy
  })) {
    rows.push(row)
    if (!values.json) console.log(line(row))
    if (row.strategy === "leased" && row.failingSeed !== undefined) {
      console.error(
        `FAILED, replay with: npm run sim -- election --scenario "${row.scenario}" --nodes ${row.nodes} --strategy leased --runs 1 --seed ${row.failingSeed}`
      )
      process.exitCode = 1
    }
  }
  if (values.json) console.log(JSON.stringify(rows, null, 2))
}

if (positionals[0] === "election") report()
else {
  console.error(
    "usage: npm run sim -- election [--runs N] [--seed S] [--scenario NAME] [--nodes N] [--strategy leased|quorum] [--json]"
  )
  process.exitCode = 2
}
