/** What this process says about itself in its metrics. */
import { DateTime, Effect, Layer, Metric } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { version } from "./version.ts"

const info = Metric.gauge("info", { description: "1; the labels say which agent this is" })
const up = Metric.gauge("up", { description: "1 while the agent runs" })
const startTime = Metric.gauge("start_time_seconds", { description: "When the agent started, in Unix time" })

/** `info`, `up` and `start_time_seconds`, for as long as the scope is open. */
export const processMetrics = ({ cluster, node }: AgentConfig): Layer.Layer<never> => {
  const labels = {
    cluster,
    node: node.id,
    zone: node.zone ?? "",
    version,
    node_version: process.versions.node
  }
  return Layer.effectDiscard(
    Effect.gen(function* () {
      yield* Metric.update(Metric.withAttributes(info, labels), 1)
      yield* Metric.update(up, 1)
      yield* Metric.update(startTime, DateTime.toEpochMillis(yield* DateTime.now) / 1000)
      yield* Effect.addFinalizer(() => Metric.update(up, 0))
    })
  )
}
