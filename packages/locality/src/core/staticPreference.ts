/** The policy `staticPreference`: leadership belongs to the most preferred voter that may lead, wherever it sits. */
import { scoreNow } from "./cheapest.ts"
import { type Assessment, matrixPolicy, noChoice, type Weigh } from "./matrixPolicy.ts"
import { boundedMillis } from "./QuorumVerdict.ts"

const rankIn = (preference: ReadonlyArray<string>, id: string | undefined): number => {
  const rank = preference.indexOf(id ?? "")
  return rank === -1 ? preference.length : rank
}

/** The most preferred voter, and what it would gain; distances do not matter. */
export const weighPreference: Weigh = (view, { current, others }, { preference, rho }) => {
  const rankOf = (voter: number) => rankIn(preference, view.voters[voter]?.id)
  const target = others.reduce((first, next) => (rankOf(next) < rankOf(first) ? next : first), current)
  return {
    best: view.voters[target]?.id ?? "",
    gainMillis: boundedMillis(scoreNow(view, current, rho) - scoreNow(view, target, rho)),
    neededMillis: undefined
  }
}

const assess: Assessment = (view, candidates, limits) => {
  const weighing = weighPreference(view, candidates, limits)
  if (weighing === undefined || weighing.best === view.self) {
    return { _tag: "None", reason: { _tag: "preferred" } }
  }
  const { best, gainMillis } = weighing
  return view.targeted
    ? { _tag: "Wish", target: best, gainMillis }
    : { _tag: "None", reason: { _tag: "noTarget", detail: noChoice } }
}

/**
 * Decides about one group: a voter that comes earlier in the preference than the leader takes over, once it has stayed the choice and the
 * guards allow it. Distances do not matter; the gain is reported and may be negative. Voters that are not named come last, all equal.
 */
export const staticPreference = matrixPolicy(assess)
