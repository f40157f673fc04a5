/**
 * The four observations that every loop reports: iterations, duration of the last one, errors by kind, and whether it runs.
 *
 * They are plain Effect metrics, so any exporter shows them; names and help texts are those of the `nodedbCompat` format.
 */
import { Duration, Effect, Metric } from "effect"

/** The observations of one loop; `Kind` are the errors that it counts. */
export interface LoopMetrics<Kind extends string> {
  /** Makes all four visible before anything happened; harmless when repeated. */
  readonly register: Effect.Effect<void>
  /** Counts one iteration. */
  completed(duration: Duration.Duration): Effect.Effect<void>
  /** Counts one error. */
  failed(kind: Kind): Effect.Effect<void>
  /** Reports whether the loop runs. */
  running(up: boolean): Effect.Effect<void>
}

/** Metrics of the loop with this name, such as `rebalancer_loop`. */
export const makeLoopMetrics = <Kind extends string>(name: string): LoopMetrics<Kind> => {
  const iterations = Metric.counter(`${name}_iterations_total`, {
    description: `Total completed iterations of the ${name} driver.`,
    incremental: true
  })
  const lastDuration = Metric.gauge(`${name}_last_iteration_duration_seconds`, {
    description: `Wall-time of the most recent ${name} iteration.`
  })
  const up = Metric.gauge(`${name}_up`, {
    description: `1 if the ${name} driver task is currently running, 0 otherwise.`
  })
  const errors = Metric.counter(`${name}_errors_total`, {
    description: `Errors observed by ${name}, by kind.`,
    incremental: true
  })
  /** Stands in for all kinds until there is one, so that the family is never empty. */
  const noErrors = Metric.withAttributes(errors, { kind: "none" })

  return {
    register: Effect.gen(function* () {
      yield* Metric.value(iterations)
      yield* Metric.value(lastDuration)
      yield* Metric.value(up)
      const registered = yield* Metric.snapshot
      if (!registered.some(({ id }) => id === `${name}_errors_total`)) yield* Metric.value(noErrors)
    }),
    completed: Effect.fnUntraced(function* (duration) {
      yield* Metric.update(iterations, 1)
      yield* Metric.update(lastDuration, Duration.toSeconds(duration))
    }),
    failed: Effect.fnUntraced(function* (kind) {
      yield* Metric.update(Metric.withAttributes(errors, { kind }), 1)
      yield* Metric.remove(noErrors)
    }),
    running: (isUp) => Metric.update(up, isUp ? 1 : 0)
  }
}
