/** One group in one pass: first a look, which reads, measures and asks the policy; then, when the mode says so, the act. */
import { abilitiesFor, type ConsensusError } from "@coterie/election"
import { DateTime, Effect } from "effect"

import { askEngine } from "./askEngine.ts"
import { agentRestMillis } from "./attempts.ts"
import type { Decision, LocalityAction, StayReason } from "./Decision.ts"
import { handOver } from "./handOver.ts"
import { limitsFor } from "./matrixLimits.ts"
import { matrixPolicyOf } from "./matrixPolicies.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Observation } from "./Observation.ts"
import { observeByMatrix } from "./observeByMatrix.ts"
import { observeByRow } from "./observeByRow.ts"
import type { Pass, Reconciliation } from "./Reconciliation.ts"

/** What a look at one group found; the wish is not carried out yet. Without a status the engine could not be read. */
export type Look = { readonly group: string } & (
  | Observation
  | (Omit<Observation, "status" | "verdict"> & {
      readonly status: undefined
      readonly verdict: Extract<LocalityAction, { readonly _tag: "Stay" }>
    })
)

/** Reads the group, measures, and lets the policy decide. Never fails: whatever the engine does becomes a reason. */
export const lookAt = Effect.fn("LeaderLocality.lookAt")(function* (pass: Pass, group: string) {
  return yield* askEngine("evaluate", pass.options.evaluationTimeout, () => observe(pass, group)).pipe(
    Effect.map((seen): Look => ({ group, ...seen })),
    Effect.catch((reason) =>
      Effect.succeed<Look>({
        group,
        status: undefined,
        rowMillis: new Map(),
        scores: undefined,
        verdict: { _tag: "Stay", reason }
      })
    )
  )
})

/** Does what the look asks for, when the mode says so. Never fails either. */
export const conclude = Effect.fn("LeaderLocality.conclude")(function* (
  reconciliation: Reconciliation,
  look: Look
) {
  const { group, rowMillis, scores, status } = look
  const { decided, options } = reconciliation
  const action = yield* act(reconciliation, look)
  const voters = status?.voters.map(({ id }) => id) ?? decided.get(group)?.voters ?? []
  decided.set(group, { atMillis: yield* monotonicMillis, voters })
  return {
    group,
    self: status?.self,
    leader: status?.leader,
    term: status?.term,
    row: Object.fromEntries(rowMillis),
    ...(scores === undefined ? {} : { scores: Object.fromEntries(scores) }),
    at: DateTime.formatIso(yield* DateTime.now),
    mode: options.mode,
    policy: options.policy,
    action
  } satisfies Decision
})

const observe = (pass: Pass, group: string): Effect.Effect<Observation, ConsensusError> => {
  const { groups, options } = pass
  const policy = matrixPolicyOf(options.policy, limitsFor(options, abilitiesFor(groups, group)))
  return policy === undefined ? observeByRow(pass, group) : observeByMatrix(pass, group, policy)
}

const act = Effect.fnUntraced(function* (reconciliation: Reconciliation, look: Look) {
  if (look.status === undefined) return look.verdict
  const { status, verdict } = look
  if (verdict._tag === "Stay") return verdict
  const { evacuation, gainMillis, target } = verdict
  if (reconciliation.options.mode === "advise") return stay({ _tag: "advised", target, gainMillis })
  // Other groups of this pass may have spent what this agent may do in a minute.
  const remainingMillis =
    evacuation === true || reconciliation.options.policy === "nearestPeer"
      ? 0
      : yield* agentRestMillis(reconciliation, yield* monotonicMillis)
  return remainingMillis > 0
    ? stay({ _tag: "cooldown", target, gainMillis, remainingMillis })
    : yield* handOver(reconciliation, status, verdict)
})

const stay = (reason: StayReason): LocalityAction => ({ _tag: "Stay", reason })
