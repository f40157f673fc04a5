import { Effect, Logger, Metric } from "effect"

/** Runs a test with a metric registry of its own, and keeps expected warnings out of the report. */
export const isolated = <A, E, R>(test: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() =>
    test.pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.provide(Logger.layer([])))
  )
