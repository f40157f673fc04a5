/** Options of `LeasedQuorumElection`; every node of a cluster must use the same, and nodes with another lease refuse each other. */
import { Duration, Effect, Schema } from "effect"

import type { LeasedQuorumTiming } from "./core/leasedQuorumState.ts"
import { drift, duration, guardMillisOf, leaseProblem } from "./leaseOptionFields.ts"

/** Options of `LeasedQuorumElection` with their defaults and the rules between them. */
export const LeasedQuorumOptions = Schema.Struct({
  /**
   * How long a vote is lent; a leader that renews no more leads at most this long. Default 4 s; 500 ms to 1 day, and longer than the
   * transport's round plus `guard`. To make it shorter, keep each node down for the old lease when it is restarted: by itself it waits out the
   * lease that it is configured with.
   */
  lease: duration(4000),
  /**
   * How much earlier than its votes end a leader stops: what two clocks may drift apart during a lease. Default 5 % of `lease`, which suits
   * the default `drift`.
   */
  guard: Schema.optionalKey(Schema.DurationFromString),
  /** How far the rate of any clock may be from true, as a fraction. Default 0.025; 0 to 0.1. */
  drift,
  /** How long a candidate waits for each live member that is preferred to it. Default 500 ms. */
  defer: duration(500),
  /**
   * How long a member with a smaller id than the leader's must have been alive before leadership is handed to it; also how long a leader that
   * stepped down stands back. Default 120 s.
   */
  cooldown: duration(120_000),
  /**
   * How long a leader that steps down renews its lease for work that does not end; then the lease runs out while the work still stops.
   * Default 10 s.
   */
  drain: duration(10_000),
  /** How often expiry, bids and hand-overs are looked at. Default 100 ms. */
  poll: duration(100)
}).check(
  Schema.makeFilter((options) => {
    const leaseMillis = Duration.toMillis(options.lease)
    const guardMillis = guardMillisOf(options.lease, options.guard)
    const problem = leaseProblem("lease", { leaseMillis, guardMillis, drift: options.drift })
    if (problem !== undefined) return problem
    if (guardMillis * 2 >= leaseMillis) return "guard must be less than half of lease"
    return Duration.toMillis(options.poll) * 2 >= leaseMillis
      ? "poll must be less than half of lease"
      : undefined
  })
)
/** Options of `LeasedQuorumElection`. */
export type LeasedQuorumOptionsInput = (typeof LeasedQuorumOptions)["~type.make.in"]

/** How long acceptors keep their vote for the successor that a leader names, in ms: several round trips of any network. */
const reserveMillis = 2000

/** A lease must last from one renewal to the next: dies unless it is longer than a round of the transport plus the guard. */
export const outlastsRound = (
  options: typeof LeasedQuorumOptions.Type,
  { intervalMillis }: { readonly intervalMillis: number }
): Effect.Effect<void> => {
  const leaseMillis = Duration.toMillis(options.lease)
  const leastMillis = intervalMillis + guardMillisOf(options.lease, options.guard)
  return leaseMillis > leastMillis
    ? Effect.void
    : Effect.die(
        `lease (${leaseMillis} ms) must be longer than a round of the transport plus guard (${leastMillis} ms)`
      )
}

/** The core's timing for these options over a transport's rounds. */
export const timingOf = (
  options: typeof LeasedQuorumOptions.Type,
  rounds: { readonly intervalMillis: number; readonly deadAfterMillis: number }
): LeasedQuorumTiming => ({
  heartbeatMillis: rounds.intervalMillis,
  deadAfterMillis: rounds.deadAfterMillis,
  leaseMillis: Duration.toMillis(options.lease),
  guardMillis: guardMillisOf(options.lease, options.guard),
  deferMillis: Duration.toMillis(options.defer),
  cooldownMillis: Duration.toMillis(options.cooldown),
  reserveMillis,
  drainMillis: Duration.toMillis(options.drain)
})
