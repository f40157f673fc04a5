/** `coterie dev`: the demo to its end, with `--once`, or live at a terminal. */
import { Console, Duration, Effect } from "effect"

import { CliFailure, exitCode } from "../cli/exit.ts"
import { Json } from "../cli/options.ts"
import { note } from "../cli/output.ts"
import type { DevFlags } from "./command.ts"
import { farthestNode } from "./core/latencies.ts"
import { Demo } from "./Demo.ts"
import { readLatencies } from "./Latency.ts"
import { runLive } from "./live.ts"
import { thisProgram } from "./NodeProcess.ts"
import { runOnce } from "./once.ts"
import { renderReport } from "./renderReport.ts"

const nodes = ["a", "b", "c", "d", "e"]

/** Runs the demo. Fails with `CliFailure` when the leader is not well placed in time, and with `LatencyInvalid`. */
export const runDev = Effect.fn("runDev")(function* ({
  deadlineSeconds,
  latency,
  membership,
  once
}: DevFlags) {
  const latencies = yield* readLatencies(nodes, latency)
  const demo = Demo.layer(yield* thisProgram, { latencies, membership })
  yield* note(`starting nodes ${nodes.join(", ")}; ${farthestNode(latencies)} is far away and leads`)
  if (once) return yield* Effect.provide(printOnce(Duration.seconds(deadlineSeconds)), demo)
  return yield* Effect.provide(runLive, demo)
})

const printOnce = Effect.fnUntraced(function* (deadline: Duration.Duration) {
  const report = yield* runOnce(deadline)
  yield* Console.log((yield* Json) ? JSON.stringify(report, undefined, 2) : renderReport(report))
  if (report.reason !== null) {
    const detail = `the leader is not well placed after ${Duration.format(deadline)}: ${report.reason}`
    return yield* new CliFailure({ code: exitCode.internal, detail })
  }
})
