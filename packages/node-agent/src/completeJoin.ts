/** The end of the startup phase `join`. */
import type { Heartbeats, Swim } from "@coterie/membership"
import { Duration, Effect } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { notJoined, watchJoin } from "./core/startupJoin.ts"
import type { Health } from "./Health.ts"

/** Rounds of heartbeats after which the answers to the first have had their time. */
const roundsMin = 2

/**
 * Ends the phase when the answers to the first round of heartbeats had their time: at the second round; with SWIM when this node is also in the
 * cluster, or for `deadAfter` nobody answered at all.
 */
export const completeJoin = Effect.fnUntraced(function* (
  { membership: { deadAfter, interval } }: AgentConfig,
  {
    health,
    heartbeats,
    swim
  }: {
    readonly health: Health["Service"]
    readonly heartbeats: Heartbeats["Service"]
    readonly swim: Swim["Service"] | undefined
  }
) {
  const quietRoundsMax = Math.ceil(Duration.toMillis(deadAfter) / Duration.toMillis(interval))
  let rounds = 0
  let join = { ...notJoined, isJoined: swim === undefined }
  let isOver = false

  const look = Effect.fnUntraced(function* () {
    rounds += 1
    if (swim !== undefined) join = watchJoin(join, yield* seen(swim), quietRoundsMax)
    if (rounds < roundsMin || !join.isJoined) return
    isOver = true
    yield* health.completePhase("join")
  })
  yield* heartbeats.ride({
    name: "agent.startup",
    request: () => Effect.undefined,
    onTick: Effect.suspend(() => (isOver ? Effect.void : look())),
    onBeat: () => Effect.undefined,
    onReply: () => Effect.void
  })
})

const seen = Effect.fnUntraced(function* (swim: Swim["Service"]) {
  const { lastJoin, phase } = yield* swim.health
  const others = yield* swim.sample(1, new Set())
  return { lastJoin, isJoining: phase === "joining", hasCompany: others.length > 0 }
})
