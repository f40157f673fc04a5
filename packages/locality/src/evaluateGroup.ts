/** One group in one pass: read it, measure, let the policy decide, and act when the mode says so. */
import { DateTime, Effect } from "effect"

import { askEngine } from "./askEngine.ts"
import type { Decision, LocalityAction, StayReason } from "./Decision.ts"
import { handOver } from "./handOver.ts"
import type { Observation, Observe } from "./Observation.ts"
import { observeByMatrix } from "./observeByMatrix.ts"
import { observeByRow } from "./observeByRow.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** Decides about one group and does it. Never fails: whatever the engine does becomes a reason. */
export const evaluateGroup = Effect.fn("LeaderLocality.evaluateGroup")(function* (
  reconciliation: Reconciliation,
  group: string
) {
  const { evaluationTimeout, mode, policy } = reconciliation.options
  const observe: Observe = policy === "nearestPeer" ? observeByRow : observeByMatrix
  const { status, rowMillis, scores, action } = yield* askEngine("evaluate", evaluationTimeout, () =>
    observe(reconciliation, group)
  ).pipe(
    Effect.flatMap((seen) => Effect.map(act(reconciliation, seen), (taken) => ({ ...seen, action: taken }))),
    Effect.catch((reason) =>
      Effect.succeed({ status: undefined, rowMillis: noRow, scores: undefined, action: stay(reason) })
    )
  )
  return {
    group,
    self: status?.self,
    leader: status?.leader,
    term: status?.term,
    row: Object.fromEntries(rowMillis),
    ...(scores === undefined ? {} : { scores: Object.fromEntries(scores) }),
    at: DateTime.formatIso(yield* DateTime.now),
    mode,
    policy,
    action
  } satisfies Decision
})

const noRow: ReadonlyMap<string, number> = new Map()

const stay = (reason: StayReason): LocalityAction => ({ _tag: "Stay", reason })

const act = (
  reconciliation: Reconciliation,
  { status, verdict }: Observation
): Effect.Effect<LocalityAction> => {
  if (verdict._tag === "Stay") return Effect.succeed(verdict)
  if (reconciliation.options.mode === "act") return handOver(reconciliation, status, verdict)
  const { target, gainMillis } = verdict
  return Effect.succeed(stay({ _tag: "advised", target, gainMillis }))
}
