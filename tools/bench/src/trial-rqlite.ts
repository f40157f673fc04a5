/** `npm run trial:rqlite [-- --json] [--interval 10s]`: the main job on five real rqlite nodes; needs root, rqlited and ip netns. */
import { parseArgs } from "node:util"

import { Effect } from "effect"

import { type RqliteTrialReport, rqliteTrial } from "./trial/rqliteTrial.ts"
import { markdownTable } from "./trial/table.ts"

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    interval: { type: "string", default: "10s" },
    before: { type: "string", default: "15" },
    after: { type: "string", default: "30" }
  }
})

/** The only requests an agent may send to the engine. */
const allowedRequests = new Set(["GET /status", "GET /nodes", "GET /readyz", "GET /leader", "POST /leader"])

/** What the trial must show; every broken promise is a line. */
const brokenPromises = (report: RqliteTrialReport): ReadonlyArray<string> => {
  const ratio = report.before.writes.p50Millis / report.after.writes.p50Millis
  const transfers = Object.values(report.transfers).reduce((sum, count) => sum + count, 0)
  const foreign = Object.keys(report.engineRequests).filter((request) => !allowedRequests.has(request))
  return [
    ...(ratio >= 10 ? [] : [`write p50 fell only ${ratio.toFixed(1)}x, not 10x`]),
    ...(transfers === 1 && report.transfers["moved"] === 1
      ? []
      : [`not exactly one transfer: ${JSON.stringify(report.transfers)}`]),
    ...(report.before.leader === report.after.leader ? [`${report.after.leader} still leads`] : []),
    ...(report.configuration.before === report.configuration.after
      ? []
      : ["the cluster's membership changed"]),
    ...(Object.keys(report.engineRequests).length > 0
      ? []
      : ["no request of an agent to the engine was counted"]),
    ...(foreign.length === 0 ? [] : [`requests that an agent must never send: ${foreign.join(", ")}`])
  ]
}

const millis = (value: number): string => `${value.toFixed(1)} ms`

const table = ({ after, before }: RqliteTrialReport): string =>
  markdownTable(
    ["through a near node", `led by the far ${before.leader}`, `led by ${after.leader}`],
    [
      ["write p50", millis(before.writes.p50Millis), millis(after.writes.p50Millis)],
      ["write p95", millis(before.writes.p95Millis), millis(after.writes.p95Millis)],
      ["read p50", millis(before.reads.p50Millis), millis(after.reads.p50Millis)],
      ["read p95", millis(before.reads.p95Millis), millis(after.reads.p95Millis)]
    ]
  )

const printReport = (report: RqliteTrialReport): void => {
  console.log(table(report))
  console.log(
    `\ntransfers ${JSON.stringify(report.transfers)}, terms passed ${report.termsPassed}, after ${report.secondsToTransfer.toFixed(1)} s; ` +
      `longest write gap ${millis(report.longestWriteGapMillis)}, failed writes ${report.failedWrites}`
  )
  console.log(`requests to the engine: ${JSON.stringify(report.engineRequests)}`)
}

const trial = rqliteTrial(
  {
    interval: values.interval,
    beforeSeconds: Number(values.before),
    afterSeconds: Number(values.after)
  },
  (line) => Effect.sync(() => console.error(line))
)

const exit = await Effect.runPromiseExit(trial)
if (exit._tag === "Failure") {
  console.error(String(exit.cause))
  process.exitCode = 1
} else {
  const broken = brokenPromises(exit.value)
  if (values.json) console.log(JSON.stringify({ ...exit.value, broken }, null, 2))
  else printReport(exit.value)
  for (const line of broken) console.error(`BROKEN: ${line}`)
  process.exitCode = broken.length === 0 ? 0 : 1
}
