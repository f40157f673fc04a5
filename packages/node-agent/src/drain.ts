/** How a node withdraws: first it is no longer ready, while everything still works; then it may stop. */
import type { Election } from "@coterie/election"
import { Duration, Effect, Stream } from "effect"

import { AgentBlocks } from "./AgentBlocks.ts"
import { Health } from "./Health.ts"

/** Begins to drain: readiness turns 503 at once, and the agents' leadership is given up. Harmless when repeated. */
export const beginDrain = Effect.gen(function* () {
  const health = yield* Health
  const { election } = yield* AgentBlocks
  if (!(yield* health.drain)) return
  yield* Effect.logInfo("drain began", { event: "drain.began" })
  if (election !== undefined) yield* Effect.ignore(election.resign)
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

/** Drains and returns when load balancers had `drain.readinessDelay` to look away; a drain that began earlier counts. */
export const drainFully = Effect.gen(function* () {
  const health = yield* Health
  const { config } = yield* AgentBlocks
  yield* beginDrain
  const state = yield* health.drainState
  const elapsed = state._tag === "Serving" ? Duration.zero : state.elapsed
  yield* Effect.sleep(Duration.subtract(config.drain.readinessDelay, elapsed))
  yield* Effect.logInfo("drain done", { event: "drain.done" })
})
