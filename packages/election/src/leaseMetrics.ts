/** What a leased quorum election reports to metrics and logs. */
import type { NodeId } from "@coterie/membership"
import { Effect, Metric } from "effect"

import { reportConfigNews } from "./configRider.ts"
import type { LeasedQuorumEffect } from "./core/leasedQuorumState.ts"

const metrics = {
  isLeader: Metric.gauge("election_is_leader", { description: "1 while this node leads" }),
  term: Metric.gauge("election_term", { description: "Epoch of the newest leadership that this node held" }),
  changes: Metric.counter("election_changes_total", {
    description: "Changes of this node's own leadership by cause",
    incremental: true
  }),
  saveFailures: Metric.counter("election_promise_failures_total", {
    description: "Votes that were not given because the promise could not be saved",
    incremental: true
  }),
  missedEvents: Metric.counter("election_lease_events_missed_total", {
    description: "Messages and rounds that were lost because too many waited for a promise to be saved",
    incremental: true
  })
}

const changed = (self: NodeId, epoch: number, leads: boolean, cause: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Metric.update(metrics.isLeader, leads ? 1 : 0)
    yield* Metric.update(metrics.term, epoch)
    yield* Metric.update(Metric.withAttributes(metrics.changes, { cause }), 1)
    yield* Effect.logInfo(leads ? "this node leads" : "this node leads no more", { self, epoch, cause })
  })

/** Reports what became of this node's own leadership. */
export const reportLease = (self: NodeId, effect: LeasedQuorumEffect): Effect.Effect<void> => {
  switch (effect._tag) {
    case "Lead":
      return changed(self, effect.epoch, true, "elected")
    case "Lost":
      return changed(self, effect.epoch, false, effect.reason)
    case "ConfigNews":
      return reportConfigNews(effect)
    case "Persist":
    case "Send":
    case "StopLeading":
      return Effect.void
  }
}

/** Counts a vote that could not be given. */
export const countSaveFailure = (cause: unknown): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(metrics.saveFailures, 1),
    Effect.logError("the promised epoch could not be saved, so this node does not vote", cause)
  )

/** Counts a message or round that was lost on a node that waits for its disk. */
export const countMissedEvent: Effect.Effect<void> = Effect.andThen(
  Metric.update(metrics.missedEvents, 1),
  Effect.logDebug("a lease event was lost: the promise of an earlier one is still being saved")
)
