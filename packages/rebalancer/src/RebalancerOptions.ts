/** The options of the rebalancer: one schema holds the defaults and the ranges. */
import { Duration, Effect, Schema } from "effect"

const optional = <S extends Schema.Top & Schema.WithoutConstructorDefault>(
  schema: S,
  value: S["Type"] & S["~type.make.in"]
) =>
  schema.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(value)),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

const between = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }))
const countBetween = (minimum: number, maximum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const durationBetween = (minimum: Duration.Duration, maximum: Duration.Duration) =>
  Schema.DurationFromString.check(
    Schema.makeFilter((value) =>
      Duration.between(value, { minimum, maximum })
        ? undefined
        : `a duration from ${Duration.format(minimum)} to ${Duration.format(maximum)}`
    )
  )
const weight = (value: number) => optional(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), value)

const LoadWeights = Schema.Struct({
  /** Per shard that the node leads. Default 1. */
  shards: weight(1),
  /** Per MiB of those shards. Default 1. */
  mebibytes: weight(1),
  /** Per write per second. Default 1. */
  writes: weight(1),
  /** Per read per second. Default 1. */
  reads: weight(1),
  /** Per recent query per second. Default 1. */
  queries: weight(1),
  /** Per millisecond of the worst 95th percentile. Default 0.001. */
  latencyMillis: weight(0.001)
})

/** When the rebalancer sweeps, what holds it back, and how much it moves at a time. Defaults are those of the `nodedbCompat` policy. */
export const RebalancerOptions = Schema.Struct({
  /** Time between two sweeps; the first starts one interval after the start. 10 ms to 1 day, default 30 s. */
  interval: optional(durationBetween(Duration.millis(10), Duration.days(1)), Duration.seconds(30)),
  /** No sweep moves anything while a node's cpu is above this (strictly), 0 to 1. Default 0.80. */
  backpressureCpu: optional(between(0, 1), 0.8),
  /** Spread of the nodes' scores, in percent of their mean, that is still balanced; 0 to 255. Default 20. */
  imbalanceThresholdPercent: optional(countBetween(0, 255), 20),
  /** Moves of one group in one sweep, 0 to 1000. Default 1. */
  maxMovesPerGroup: optional(countBetween(0, 1000), 1),
  /** Moves in one sweep, 0 to 1000. Default 10. */
  maxMovesTotal: optional(countBetween(0, 1000), 10),
  /** What each kind of load adds to a node's score; each at least 0. */
  weights: optional(LoadWeights, LoadWeights.make({})),
  /** How long a sweep waits for each of the election gate, the load metrics and the control store. 10 ms to 1 hour, default 10 s. */
  readTimeout: optional(durationBetween(Duration.millis(10), Duration.hours(1)), Duration.seconds(10)),
  /** Moves that may be under way at a time; more are refused and counted, 1 to 10 000. Default 256. */
  maxMovesPending: optional(countBetween(1, 10_000), 256),
  /** Decisions kept for `recent` and for a slow reader of `decisions`, 1 to 100 000. Default 1000. */
  history: optional(countBetween(1, 100_000), 1000)
})
/** The options with every default filled in. */
export type RebalancerOptions = typeof RebalancerOptions.Type
/** The options as a caller gives them: everything may be left out. */
export type RebalancerOptionsInput = (typeof RebalancerOptions)["~type.make.in"]
