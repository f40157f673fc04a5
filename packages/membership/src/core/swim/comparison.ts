/**
 * Finds out at once that gossip missed somebody: every answer to a probe carries a hash of the members that its sender sees.
 *
 * While news is under way views differ, so only answers count that come when this node has nothing left to tell. Two in a row that differ bring
 * the push/pull forward that would repair it anyway, a period later. Where views differ for good, as where rules admit different members, these
 * push/pulls become as rare as the periodic ones.
 */
import { hasFacts } from "./dissemination.ts"
import { openSync } from "./exchanges.ts"
import { pushPullScale } from "./options.ts"
import { jittered } from "./schedule.ts"
import type { SwimState, Turn } from "./swimState.ts"

/** Differing answers in a row that bring a push/pull. */
const differencesMax = 2

/** Share of the period of push/pulls that the first of these rests for; each next one twice as long. */
const restShare = 1 / 12

/** 32 bits that are equal in nodes that see the same members. */
export const viewHash = ({ table }: Pick<SwimState, "table">): number => table.viewHash >>> 0

/** Takes note of how a member that answered sees the cluster. */
export const compareViews = (turn: Turn, view: number, address: string): void => {
  const { nowMillis, random, state } = turn
  const { comparison, options, queue, table } = state
  const periodMillis = options.pushPullIntervalMillis * pushPullScale(table.present)
  if (view === viewHash(state)) {
    comparison.differences = 0
    // Where views differ for good, those of some members may still be equal.
    if (nowMillis - comparison.differedAtMillis >= periodMillis) comparison.restMillis = 0
    return
  }
  comparison.differedAtMillis = nowMillis
  if (state.phase !== "member" || hasFacts(queue)) return
  comparison.differences += 1
  if (comparison.differences < differencesMax || nowMillis < comparison.restsUntilMillis) return
  if (!openSync(turn, address, "differs")) return
  const restMillis = Math.max(periodMillis * restShare, comparison.restMillis)
  comparison.differences = 0
  comparison.restsUntilMillis = nowMillis + jittered(restMillis, random)
  comparison.restMillis = Math.min(periodMillis, 2 * restMillis)
}
