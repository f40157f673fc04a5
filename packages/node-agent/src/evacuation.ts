/** The engine's leadership on a node that drains: it leaves, and stays away while the drain lasts. */
import type { LeaderLocality } from "@coterie/locality"
import { type Duration, Effect } from "effect"

type Locality = LeaderLocality["Service"]

/** Tells the agents that this node takes no leadership, and begins to hand over what it has; with mode `advise` nothing is handed over. */
export const beginEvacuation = Effect.fnUntraced(function* (locality: Locality) {
  yield* locality.setStance("draining")
  if (handsOver(locality)) yield* Effect.forkDetach(locality.evaluateNow)
})

/** Waits until every group has been looked at again, as some may not have moved at first. */
export const finishEvacuation = (locality: Locality, timeout: Duration.Duration): Effect.Effect<void> =>
  handsOver(locality) ? Effect.asVoid(Effect.timeoutOption(locality.evaluateNow, timeout)) : Effect.void

/** This node may lead again. */
export const endEvacuation = (locality: Locality): Effect.Effect<void> => locality.setStance("normal")

/** `nearestPeer` does not know of drains. */
const handsOver = ({ options }: Locality): boolean =>
  options.mode === "act" && options.policy !== "nearestPeer"
