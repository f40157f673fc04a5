/** The look of `nearestPeer`: the agent beside the leader measures its own row, the others look away. */
import type { Replica } from "@coterie/election"
import { Duration, Effect, Ref } from "effect"

import { restMillis } from "./core/cooldown.ts"
import { nearestPeer } from "./core/nearestPeer.ts"
import { whyNotOurs } from "./core/ownership.ts"
import { measureRounds, rowOf } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Observation } from "./Observation.ts"
import type { Pass } from "./Reconciliation.ts"

/** Reads the group, measures the row and asks the policy. */
export const observeByRow = Effect.fnUntraced(function* (pass: Pass, group: string) {
  const { groups, options } = pass
  const status = yield* groups.status(group)
  const notOurs = whyNotOurs(status)
  if (notOurs !== undefined) {
    const verdict = { _tag: "Stay", reason: notOurs } as const
    return { status, rowMillis: new Map(), scores: undefined, verdict } satisfies Observation
  }
  const reachability = yield* groups.reachability(group)
  const answers = ({ id }: Replica) => reachability.get(id)?.reachable === true
  const peers = status.voters.filter(({ id }) => id !== status.self)
  const rounds = yield* measureRounds(pass, status, peers.filter(answers))
  const { rowMillis, unreachable } = rowOf(rounds)
  const silent = peers
    .filter((peer) => !answers(peer))
    .map(({ id }) => ({ id, detail: reachability.get(id)?.detail ?? "the engine gave no reason" }))
  const verdict = nearestPeer({
    self: status.self,
    leader: status.leader,
    rowMillis,
    unreachable: [...silent, ...unreachable],
    cooldownRemainingMillis: restMillis(
      yield* Ref.get(pass.attempts),
      group,
      yield* monotonicMillis,
      Duration.toMillis(options.cooldown)
    ),
    rttThresholdMillis: Duration.toMillis(options.rttThreshold)
  })
  return { status, rowMillis, scores: undefined, verdict } satisfies Observation
})
