/** The four observations that every loop of this package reports. */
import { Clock, Effect, Metric } from "effect"

/** Metrics of one loop. */
export interface LoopMetrics {
  /** Runs one iteration and records that it ran and how long it took. */
  readonly iteration: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Counts one failure; `kind` must come from a fixed set. */
  readonly error: (kind: string) => Effect.Effect<void>
  /** Marks the loop as running while the effect runs. */
  readonly up: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Metrics named `<prefix>_iterations_total`, `_last_iteration_duration_seconds`, `_errors_total{kind}` and
 * `_up`.
 */
export const loopMetrics = (prefix: string): LoopMetrics => {
  const iterations = Metric.counter(`${prefix}_iterations_total`, { incremental: true })
  const duration = Metric.gauge(`${prefix}_last_iteration_duration_seconds`)
  const errors = Metric.counter(`${prefix}_errors_total`, { incremental: true })
  const up = Metric.gauge(`${prefix}_up`)
  return {
    iteration: (effect) =>
      Effect.gen(function* () {
        const before = yield* Clock.monotonicTimeNanos
        const result = yield* effect
        yield* Metric.update(iterations, 1)
        yield* Metric.update(duration, Number((yield* Clock.monotonicTimeNanos) - before) / 1e9)
        return result
      }),
    error: (kind) => Metric.update(Metric.withAttributes(errors, { kind }), 1),
    up: (effect) => Metric.update(up, 1).pipe(Effect.andThen(effect), Effect.ensuring(Metric.update(up, 0)))
  }
}
