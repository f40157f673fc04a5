/** The policy `staticPreference`: leadership belongs to the most preferred voter that may lead, wherever it sits. */
import { scoreNow } from "./cheapest.ts"
import { type Assessment, matrixPolicy } from "./matrixPolicy.ts"
import { boundedMillis } from "./QuorumVerdict.ts"

const assess: Assessment = (view, { current, others }, { preference, rho }) => {
  const rankOf = (voter: number): number => {
    const rank = preference.indexOf(view.voters[voter]?.id ?? "")
    return rank === -1 ? preference.length : rank
  }
  const target = others.reduce((first, next) => (rankOf(next) < rankOf(first) ? next : first), current)
  if (target === current) return { _tag: "None", reason: { _tag: "preferred" } }
  if (!view.targeted) {
    return {
      _tag: "None",
      reason: { _tag: "noTarget", detail: "this engine cannot hand over to a target of choice" }
    }
  }
  return {
    _tag: "Wish",
    target: view.voters[target]?.id ?? "",
    gainMillis: boundedMillis(scoreNow(view, current, rho) - scoreNow(view, target, rho))
  }
}

/**
 * Decides about one group: a voter that comes earlier in the preference than the leader takes over, once it has stayed the choice and the
 * guards allow it. Distances do not matter; the gain is reported and may be negative. Voters that are not named come last, all equal.
 */
export const staticPreference = matrixPolicy(assess)
