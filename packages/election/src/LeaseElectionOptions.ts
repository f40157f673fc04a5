/** Options of `LeaseElection`. */
import { NodeId } from "@coterie/membership"
import { Duration, Effect, Schema } from "effect"

import type { ContenderTiming } from "./core/leaseContenderState.ts"
import { drift, duration, guardMillisOf, leaseProblem } from "./leaseOptionFields.ts"

/** Options of `LeaseElection` with their defaults and the rules between them. Nodes of one election may differ in all but `name` and `drift`. */
export const LeaseElectionOptions = Schema.Struct({
  /** This node's id, different on every node. */
  self: NodeId,
  /** Which election of those in the store; 1 to 256 characters. Default `leader`. */
  name: Schema.NonEmptyString.check(Schema.isMaxLength(256)).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed("leader")),
    Schema.withConstructorDefault(Effect.succeed("leader"))
  ),
  /**
   * How long a renewal makes the leader lead: renewed after a third of it, and what others wait for when a leader is silent. Default 10 s;
   * 500 ms to 1 day.
   */
  ttl: duration(10_000),
  /** How much earlier than `ttl` a leader stops. Default 5 % of `ttl`, which suits the default `drift`. */
  guard: Schema.optionalKey(Schema.DurationFromString),
  /** How far the rate of any clock may be from true, as a fraction. Default 0.025; 0 to 0.1. */
  drift,
  /**
   * How often a node that does not lead reads the lease, at the least: how soon it follows a leader that resigned. Default a twentieth of
   * `ttl`, 1 s at most; 10 ms to `ttl`.
   */
  poll: Schema.optionalKey(Schema.DurationFromString),
  /** How long a leader that resigned stands back, unless another has led since. Default 120 s. */
  cooldown: duration(120_000),
  /**
   * How long a leader that resigns renews its lease for work that does not end; then the lease runs out while the work still stops.
   * Default 10 s.
   */
  drain: duration(10_000)
}).check(
  Schema.makeFilter((options) => {
    const { drift, guardMillis, pollMillis, ttlMillis } = timingOf(options)
    const problem = leaseProblem("ttl", { leaseMillis: ttlMillis, guardMillis, drift })
    if (problem !== undefined) return problem
    if (guardMillis > ttlMillis / 3) return "guard must be at most a third of ttl"
    return pollMillis >= 10 && pollMillis <= ttlMillis
      ? undefined
      : "poll must be at least 10 ms and at most ttl"
  })
)
/** Options of `LeaseElection`. */
export type LeaseElectionOptionsInput = (typeof LeaseElectionOptions)["~type.make.in"]

interface TimingOptions {
  readonly ttl: Duration.Duration
  readonly guard?: Duration.Duration
  readonly drift: number
  readonly poll?: Duration.Duration
  readonly cooldown: Duration.Duration
  readonly drain: Duration.Duration
}

/** The core's timing for these options. */
export const timingOf = ({ cooldown, drain, drift, guard, poll, ttl }: TimingOptions): ContenderTiming => ({
  ttlMillis: Duration.toMillis(ttl),
  guardMillis: guardMillisOf(ttl, guard),
  drift,
  pollMillis: poll === undefined ? Math.min(1000, Duration.toMillis(ttl) / 20) : Duration.toMillis(poll),
  cooldownMillis: Duration.toMillis(cooldown),
  drainMillis: Duration.toMillis(drain)
})
