/** The policy `nearestPeer`: an isolated leader hands over to its nearest voter. */
import type { GroupView, PolicyReason, Verdict } from "./LeaderPolicy.ts"

/**
 * Transfers to the nearest voter when even that one is farther than the threshold (strictly), all voters answered and the cooldown is over.
 *
 * The gain is the round trip to the target: what a request forwarded from the target's site saves. Voters at the same distance are taken
 * in order of id, so that the verdict never depends on the order of the row.
 *
 * The rule is simple and has known weaknesses: two mutual neighbours beyond the threshold hand over for ever, because the cooldown belongs
 * to a node, and the nearest voter need not be a good leader for the quorum.
 */
export const nearestPeer = (view: GroupView): Verdict => {
  if (view.leader !== view.self) return stay({ _tag: "notLeader", leader: view.leader })
  if (view.unreachable.length > 0) return stay({ _tag: "voterUnreachable", voters: view.unreachable })
  const nearest = nearestOf(view.rowMillis)
  if (nearest === undefined) return stay({ _tag: "singleVoter" })
  if (nearest.millis <= view.rttThresholdMillis) {
    return stay({
      _tag: "withinThreshold",
      nearest: nearest.id,
      nearestMillis: nearest.millis,
      thresholdMillis: view.rttThresholdMillis
    })
  }
  const wish = { target: nearest.id, gainMillis: nearest.millis }
  // Last, so that "cooldown" always means that a transfer is wanted; what is done does not depend on the order.
  return view.cooldownRemainingMillis > 0
    ? stay({ _tag: "cooldown", ...wish, remainingMillis: view.cooldownRemainingMillis })
    : { _tag: "Transfer", ...wish }
}

const nearestOf = (row: ReadonlyMap<string, number>): { id: string; millis: number } | undefined => {
  let nearest: { id: string; millis: number } | undefined
  for (const [id, millis] of row) {
    if (nearest === undefined || millis < nearest.millis || (millis === nearest.millis && id < nearest.id)) {
      nearest = { id, millis }
    }
  }
  return nearest
}

const stay = (reason: PolicyReason): Verdict => ({ _tag: "Stay", reason })
