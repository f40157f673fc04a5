/**
 * What a leader's running work may ask of the leadership that it relies on.
 *
 * `whileLeader` provides it. Work is interrupted when its leadership ends, but a process that stood still learns of that late: ask `check`
 * right before an effect that only a leader may have, and give the resource `token` so that it can refuse what comes too late.
 */
import { Context, type Duration, type Effect } from "effect"

import type { LeadershipLost } from "./Election.ts"

/** One leadership of this node, from the moment it was won. */
export class LeaderLease extends Context.Service<
  LeaderLease,
  {
    readonly term: number
    /** Fencing token: no other leader ever has it, and each later leader's is higher. Undefined where the strategy has none. */
    readonly token: number | undefined
    /** Fails once this leadership has ended, decided by the clock at the moment of the call. */
    readonly check: Effect.Effect<void, LeadershipLost>
    /** How long this leadership lasts unless it is renewed: zero once it ended, infinite where the strategy knows no deadline. */
    readonly remaining: Effect.Effect<Duration.Duration>
  }
>()("@coterie/election/LeaderLease") {}
