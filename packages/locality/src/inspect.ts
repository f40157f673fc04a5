/** Answers of the reconciler to whoever asks why, and what if; they change nothing. */
import { abilitiesFor } from "@coterie/election"
import { Effect, Ref } from "effect"

import { type Assumption, parseAssumption, type PlanNode } from "./core/assumptions.ts"
import { accountOf } from "./core/groupAccount.ts"
import { planGroup } from "./core/groupPlan.ts"
import { unguarded } from "./core/transferGuards.ts"
import type { Decision } from "./Decision.ts"
import { explainGroup } from "./explainGroup.ts"
import { NotDecided } from "./GroupExplanation.ts"
import { AssumptionInvalid, type GroupPlanReport } from "./LocalityPlan.ts"
import { limitsFor } from "./matrixLimits.ts"
import { matrixPolicyOf } from "./matrixPolicies.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** Names that an error lists at most. */
const knownShown = 20

/** Explains the newest decision about a group. */
export const explain = Effect.fn("LeaderLocality.explain")(function* (
  { decided, groups, guards, options, views }: Reconciliation,
  latest: ReadonlyMap<string, Decision>,
  group: string
) {
  const decision = latest.get(group)
  if (decision === undefined) {
    return yield* new NotDecided({ group, known: [...latest.keys()].toSorted().slice(0, knownShown) })
  }
  const nowMillis = yield* monotonicMillis
  const view = (yield* Ref.get(views)).get(group)
  const policy = matrixPolicyOf(options.policy, limitsFor(options, abilitiesFor(groups, group)))
  const state = (yield* Ref.get(guards)).get(group) ?? unguarded
  return explainGroup({
    decision,
    policy: options.policy,
    account:
      view === undefined || policy === undefined
        ? undefined
        : accountOf(policy.weigh, state, { ...view, nowMillis }, policy.limits),
    decidedAgoMillis: nowMillis - (decided.get(group)?.atMillis ?? nowMillis),
    rho: options.quorumShare
  })
})

/** Plans all groups that are led here, sorted by name. Under `nearestPeer`, which measures too little, there are none. */
export const plan = Effect.fn("LeaderLocality.plan")(function* (
  { decided, groups, options, views }: Reconciliation,
  texts: ReadonlyArray<string>,
  nodes: ReadonlyArray<PlanNode>
) {
  const voters = new Set([...decided.values()].flatMap((group) => group.voters))
  const named = new Set(nodes.flatMap(({ name, replicas = [] }) => [name, ...replicas]))
  const known = [...nodes, ...[...voters].filter((id) => !named.has(id)).map((name) => ({ name }))]
  const assumptions: Array<Assumption> = []
  for (const text of texts) {
    const assumption = parseAssumption(text, known)
    if (assumption._tag === "Unreadable") {
      const { at, expected, part } = assumption
      return yield* new AssumptionInvalid({ text, part, at, expected })
    }
    assumptions.push(assumption)
  }
  const plans: Array<GroupPlanReport> = []
  for (const [group, view] of yield* Ref.get(views)) {
    const policy = matrixPolicyOf(options.policy, limitsFor(options, abilitiesFor(groups, group)))
    if (policy === undefined) continue
    const { after, before, losses } = planGroup(view, assumptions, policy)
    plans.push({ group, before, after, losses })
  }
  return plans.toSorted((a, b) => (a.group < b.group ? -1 : 1))
})
