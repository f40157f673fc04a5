/** The four observations of the loop that drives the embedded group. */
import { Clock, Effect, Metric } from "effect"

const iterations = Metric.counter("embedded_group_loop_iterations_total", { incremental: true })
const duration = Metric.gauge("embedded_group_loop_last_iteration_duration_seconds")
const errors = Metric.counter("embedded_group_loop_errors_total", { incremental: true })
const up = Metric.gauge("embedded_group_loop_up")

/** Records iterations, errors by kind, and that the loop runs. */
export const embeddedGroupLoop = {
  iteration: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const before = yield* Clock.monotonicTimeNanos
      const result = yield* effect
      yield* Metric.update(iterations, 1)
      yield* Metric.update(duration, Number((yield* Clock.monotonicTimeNanos) - before) / 1e9)
      return result
    }),
  error: (kind: string): Effect.Effect<void> => Metric.update(Metric.withAttributes(errors, { kind }), 1),
  up: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Metric.update(up, 1).pipe(Effect.andThen(effect), Effect.ensuring(Metric.update(up, 0)))
}
