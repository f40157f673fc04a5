/** A leader's duty as a loop: campaign, lead, and give up a leadership that this node cannot serve (W3, W4). */
import { Cause, Effect, Metric, Schedule, Schema } from "effect"

import { Election, LeadershipLost } from "./Election.ts"

const failures = Metric.counter("election_leader_work_failures_total", {
  description: "Leaderships given up because the leader's work failed",
  incremental: true
})

/** A second, doubling to a minute, each a little off so that nodes do not fail in step. */
const defaultBackOff = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]).pipe(
  Schedule.jittered
)

/**
 * Runs the effect whenever this node leads, until it succeeds. Lost leadership means a new campaign at once. A failure of the effect is logged
 * and counted, leadership is resigned so that another member can serve, and the next campaign waits: 1 s, doubling to 1 min with jitter,
 * unless `backOff` says otherwise; when that ends, the last failure is the result. A defect resigns too, and is not tried again.
 */
export const campaign = Effect.fn("campaign")(function* <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  { backOff = defaultBackOff }: { readonly backOff?: Schedule.Schedule<unknown> } = {}
) {
  const election = yield* Election
  const served = election.whileLeader(effect).pipe(Effect.retry({ while: isLost }))
  const giveUp = (cause: Cause.Cause<unknown>) =>
    Effect.logError("the leader's work failed, so this node resigns", cause).pipe(
      Effect.andThen(Metric.update(failures, 1)),
      Effect.andThen(Effect.ignore(election.resign))
    )
  return yield* served.pipe(
    Effect.tapCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : giveUp(cause))),
    Effect.retry(backOff)
  )
})

const isLost = Schema.is(LeadershipLost)
