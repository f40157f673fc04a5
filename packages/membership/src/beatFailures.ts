/** Beats without a usable answer: all are counted, and the first of a kind is told, for it may need an operator. */
import { Effect } from "effect"

import type { Useless } from "./heartbeatExchange.ts"
import { heartbeatLoop } from "./heartbeatMetrics.ts"
import type { NodeId } from "./Membership.ts"

/** The failures of one node's beats, by the peers that it watches. */
export interface BeatFailures {
  readonly failed: (peer: NodeId, failure: Useless) => Effect.Effect<void>
  readonly answered: (peer: NodeId) => Effect.Effect<void>
}

/** No failures yet; of peers beyond the watched ones only the count is kept. */
export const makeBeatFailures = (watched: ReadonlyArray<NodeId>): BeatFailures => {
  const kinds = new Map<NodeId, string>()
  return {
    failed: (peer, { detail, kind }) =>
      Effect.suspend(() => {
        const isNews = watched.includes(peer) && kinds.get(peer) !== kind
        if (isNews) kinds.set(peer, kind)
        return Effect.andThen(
          heartbeatLoop.failed(kind),
          (isNews ? Effect.logWarning : Effect.logDebug)("beat without a usable answer", {
            peer,
            kind,
            detail
          })
        )
      }),
    answered: (peer) => Effect.sync(() => void kinds.delete(peer))
  }
}
