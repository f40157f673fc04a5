/** What the heartbeat engine counts besides its loop. */
import { type Context, Effect, Metric } from "effect"

import type { Refusal } from "./HeartbeatMessage.ts"
import { makeLoopMetrics } from "./LoopMetrics.ts"
import { MemberState } from "./Membership.ts"
import type { Member } from "./Membership.ts"

/** The four metrics of the beating loop; a beat without a usable answer counts as an error of its kind. */
export const heartbeatLoop = makeLoopMetrics("heartbeat_loop")

const refused = Metric.counter("heartbeat_refused_total", {
  description: "Inbound requests that were refused, by reason",
  incremental: true
})

const riderFailures = Metric.counter("heartbeat_rider_failures_total", {
  description: "Riders that died inside a beat, by rider",
  incremental: true
})

const unclaimed = Metric.counter("heartbeat_unclaimed_payloads_total", {
  description: "Payloads of beats for which this node has no rider",
  incremental: true
})

const stalls = Metric.counter("heartbeat_stalls_total", {
  description: "Times this process stood still longer than a quarter of the interval",
  incremental: true
})

const members = Metric.gauge("membership_members", { description: "Members by state, self included" })
const membersByState = MemberState.literals.map(
  (state) => [state, Metric.withAttributes(members, { state })] as const
)

/** Counts a refused request and logs why. */
export const countRefused = (refusal: Refusal): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(refused, { reason: refusal.reason }), 1),
    Effect.logDebug("heartbeat request refused", { reason: refusal.reason, detail: refusal.detail })
  )

/** Counts a rider that died. */
export const countRiderFailure = (rider: string): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(riderFailures, { rider }), 1)

/** Counts payloads that no rider claimed. */
export const countUnclaimed = (payloads: number): Effect.Effect<void> =>
  payloads === 0 ? Effect.void : Metric.update(unclaimed, payloads)

/** Counts a stall of this process. */
export const countStall = Metric.update(stalls, 1)

/** Records how many members are in each state. */
export const recordMembers = (view: ReadonlyArray<Member>): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.sync(() => {
      const counts = { alive: 0, suspect: 0, dead: 0, left: 0 }
      for (const { state } of view) counts[state] += 1
      setMemberCounts(counts, context)
    })
  )

/** The same where the counts are known. */
export const setMemberCounts = (
  counts: Readonly<Record<MemberState, number>>,
  context: Context.Context<never>
): void => {
  for (const [state, gauge] of membersByState) gauge.updateUnsafe(counts[state], context)
}
