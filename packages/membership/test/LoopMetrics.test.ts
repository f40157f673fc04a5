import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Metric } from "effect"
import { PrometheusMetrics } from "effect/observability"

import { makeLoopMetrics } from "../src/LoopMetrics.ts"

const family = (name: string, help: string, type: string, ...lines: ReadonlyArray<string>) => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...lines
]
const expected = (
  name: string,
  [iterations, seconds, up]: ReadonlyArray<number>,
  errors: ReadonlyArray<string>
) => [
  ...family(
    `${name}_iterations_total`,
    `Total completed iterations of the ${name} driver.`,
    "counter",
    `${name}_iterations_total ${iterations}`
  ),
  ...family(
    `${name}_last_iteration_duration_seconds`,
    `Wall-time of the most recent ${name} iteration.`,
    "gauge",
    `${name}_last_iteration_duration_seconds ${seconds}`
  ),
  ...family(
    `${name}_up`,
    `1 if the ${name} driver task is currently running, 0 otherwise.`,
    "gauge",
    `${name}_up ${up}`
  ),
  ...family(
    `${name}_errors_total`,
    `Errors observed by ${name}, by kind.`,
    "counter",
    ...errors.map((error) => `${name}_errors_total${error}`)
  )
]
/** Metrics are global; a test that reads all of them wants its own. */
const withOwnMetrics = Effect.provideServiceEffect(
  Metric.MetricRegistry,
  Effect.sync(() => new Map())
)
const rendered = Effect.map(PrometheusMetrics.format(), (text) => text.trimEnd().split("\n"))

describe("loop metrics in Prometheus text", () => {
  it.effect("show all four before anything happened, and no error as kind none", () =>
    Effect.gen(function* () {
      yield* makeLoopMetrics("health_loop").register
      assert.deepStrictEqual(yield* rendered, expected("health_loop", [0, 0, 0], ['{kind="none"} 0']))
    }).pipe(withOwnMetrics)
  )

  it.effect("show iterations, the last duration, up and errors by kind, without kind none", () =>
    Effect.gen(function* () {
      const metrics = makeLoopMetrics<"backpressure" | "dispatch">("rebalancer_loop")
      yield* metrics.register
      yield* metrics.running(true)
      yield* metrics.completed(Duration.millis(1))
      yield* metrics.completed(Duration.millis(250))
      yield* metrics.failed("backpressure")
      yield* metrics.failed("dispatch")
      yield* metrics.failed("dispatch")
      assert.deepStrictEqual(
        yield* rendered,
        expected("rebalancer_loop", [2, 0.25, 1], ['{kind="backpressure"} 1', '{kind="dispatch"} 2'])
      )
    }).pipe(withOwnMetrics)
  )

  it.effect("show every loop once, however often it registers", () =>
    Effect.gen(function* () {
      const metrics = makeLoopMetrics<"dispatch">("rebalancer_loop")
      yield* metrics.register
      yield* metrics.failed("dispatch")
      yield* makeLoopMetrics("rebalancer_loop").register
      yield* makeLoopMetrics("raft_tick_loop").register
      assert.deepStrictEqual(yield* rendered, [
        ...expected("rebalancer_loop", [0, 0, 0], ['{kind="dispatch"} 1']),
        ...expected("raft_tick_loop", [0, 0, 0], ['{kind="none"} 0'])
      ])
    }).pipe(withOwnMetrics)
  )
})
