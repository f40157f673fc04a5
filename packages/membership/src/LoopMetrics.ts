/**
 * The four observations that every loop reports: iterations, duration of the last one, errors by kind, and whether it runs.
 *
 * They are plain Effect metrics, so any exporter shows them; names and help texts are the same for the loops of every package.
 */
import { Clock, type Context, Duration, Effect, Metric } from "effect"

/** The observations of one loop; `Kind` are the errors that it counts. */
export interface LoopMetrics<Kind extends string = string> {
  /** Makes all four visible before anything happened; harmless when repeated. */
  readonly register: Effect.Effect<void>
  /** Counts one iteration. */
  completed(duration: Duration.Duration): Effect.Effect<void>
  /** Counts some iterations at once, and how long the last took; for loops that are no fibers. */
  completedUnsafe(iterations: number, lastDuration: Duration.Duration, context: Context.Context<never>): void
  /** Counts one error. */
  failed(kind: Kind): Effect.Effect<void>
  /** Reports whether the loop runs. */
  running(up: boolean): Effect.Effect<void>
  /** Runs one iteration; counted when it succeeds. */
  readonly iteration: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Reports the loop as running while the effect does. */
  readonly whileRunning: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Metrics of the loop with this name, such as `rebalancer_loop`. */
export const makeLoopMetrics = <Kind extends string = string>(name: string): LoopMetrics<Kind> => {
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

  const completedUnsafe: LoopMetrics["completedUnsafe"] = (count, duration, context) => {
    iterations.updateUnsafe(count, context)
    lastDuration.updateUnsafe(Duration.toSeconds(duration), context)
  }
  const completed = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.sync(() => completedUnsafe(1, duration, context))
    )
  const running = (isUp: boolean) => Metric.update(up, isUp ? 1 : 0)

  return {
    register: Effect.gen(function* () {
      yield* Metric.value(iterations)
      yield* Metric.value(lastDuration)
      yield* Metric.value(up)
      const registered = yield* Metric.snapshot
      if (!registered.some(({ id }) => id === `${name}_errors_total`)) yield* Metric.value(noErrors)
    }),
    completed,
    completedUnsafe,
    failed: Effect.fnUntraced(function* (kind) {
      yield* Metric.update(Metric.withAttributes(errors, { kind }), 1)
      yield* Metric.remove(noErrors)
    }),
    running,
    iteration: (effect) =>
      Effect.gen(function* () {
        const startNanos = yield* Clock.monotonicTimeNanos
        const result = yield* effect
        yield* completed(Duration.nanos((yield* Clock.monotonicTimeNanos) - startNanos))
        return result
      }),
    whileRunning: (effect) => running(true).pipe(Effect.andThen(effect), Effect.ensuring(running(false)))
  }
}
