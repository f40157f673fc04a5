/** What a lease election reports to metrics and logs. */
import { makeLoopMetrics, type NodeId } from "@coterie/membership"
import { Effect, Metric } from "effect"

import type { LeaseStoreError } from "./LeaseStore.ts"

const metrics = {
  isLeader: Metric.gauge("election_is_leader", { description: "1 while this node leads" }),
  term: Metric.gauge("election_term", { description: "Epoch of the newest leadership that this node held" }),
  quorum: Metric.gauge("election_quorum", { description: "1 while the lease store answers" }),
  changes: Metric.counter("election_changes_total", {
    description: "Changes of this node's own leadership by cause",
    incremental: true
  })
}

/** Calls to the lease store: one iteration each, errors by the reason's name. */
export const leaseElectionLoop = makeLoopMetrics<LeaseStoreError["reason"]["_tag"]>("lease_election")

/** Reports that this node leads, or leads no more. */
export const reportOwnLeadership = Effect.fnUntraced(function* (
  self: NodeId,
  { cause, epoch, leads }: { readonly epoch: number; readonly leads: boolean; readonly cause: string }
) {
  yield* Metric.update(metrics.isLeader, leads ? 1 : 0)
  yield* Metric.update(metrics.term, epoch)
  yield* Metric.update(Metric.withAttributes(metrics.changes, { cause }), 1)
  yield* Effect.logInfo(leads ? "this node leads" : "this node leads no more", { self, epoch, cause })
})

/** Reports whether the store answered its last call. */
export const reportReachable = (reachable: boolean): Effect.Effect<void> =>
  Metric.update(metrics.quorum, reachable ? 1 : 0)

/** Counts a call to the store that failed. */
export const countStoreFailure = (error: LeaseStoreError): Effect.Effect<void> =>
  Effect.andThen(
    leaseElectionLoop.failed(error.reason._tag),
    Effect.logDebug("the lease store did not do a call", { reason: error.message })
  )
