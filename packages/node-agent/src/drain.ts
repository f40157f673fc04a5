/** How a node withdraws: first it is no longer ready, while everything still works; then it may stop. */
import type { Election } from "@coterie/election"
import { Duration, Effect, Stream } from "effect"

import { AgentBlocks } from "./AgentBlocks.ts"
import { beginEvacuation, endEvacuation, finishEvacuation } from "./evacuation.ts"
import { Health } from "./Health.ts"

/** Begins to drain: readiness turns 503 at once, the agents' leadership is given up, and the engine's is handed over. Harmless when repeated. */
export const beginDrain = Effect.gen(function* () {
  const health = yield* Health
  const { election, locality } = yield* AgentBlocks
  if (!(yield* health.drain)) return
  yield* Effect.logInfo("drain began", { event: "drain.began" })
  if (locality !== undefined) yield* beginEvacuation(locality)
  if (election !== undefined) yield* Effect.ignore(election.resign)
})

/** Makes this node ready again. Harmless when it was. */
export const cancelDrain = Effect.gen(function* () {
  const health = yield* Health
  const { locality } = yield* AgentBlocks
  yield* health.cancelDrain
  if (locality !== undefined) yield* endEvacuation(locality)
  yield* Effect.logInfo("drain cancelled", { event: "drain.cancelled" })
})

/**
 * Gives leadership up again whenever it comes back to a draining node: whoever resigned stands back for a while only, and a drain may take
 * longer. Runs until interrupted.
 */
export const withholdLeadership = Effect.fnUntraced(function* (election: Election["Service"]) {
  const health = yield* Health
  yield* Stream.runForEach(
    election.changes,
    Effect.fnUntraced(function* ({ leader }) {
      if (leader !== election.self || (yield* health.drainState)._tag === "Serving") return
      // Alone it would only be elected again.
      if ((yield* election.quorum).alive > 1) yield* Effect.ignore(election.resign)
    })
  )
})

/** Kept of `drain.deadline` for the stop itself. */
const stopTime = Duration.seconds(5)

/** Drains and returns when load balancers had `drain.readinessDelay` to look away; a drain that began earlier counts. */
export const drainFully = Effect.gen(function* () {
  const health = yield* Health
  const { config, locality } = yield* AgentBlocks
  yield* beginDrain
  const state = yield* health.drainState
  const elapsed = state._tag === "Serving" ? Duration.zero : state.elapsed
  const { deadline, readinessDelay } = config.drain
  yield* Effect.sleep(Duration.subtract(readinessDelay, elapsed))
  if (locality !== undefined) {
    yield* finishEvacuation(locality, Duration.subtract(deadline, Duration.sum(readinessDelay, stopTime)))
  }
  yield* Effect.logInfo("drain done", { event: "drain.done" })
})
