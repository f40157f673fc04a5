/** One group in one pass: read it, measure, let the policy decide, and act when the mode says so. */
import type { GroupStatus, Replica } from "@coterie/election"
import { DateTime, Duration, Effect, Ref } from "effect"

import { askEngine } from "./askEngine.ts"
import { restMillis } from "./core/cooldown.ts"
import type { LeaderPolicy } from "./core/LeaderPolicy.ts"
import { nearestPeer } from "./core/nearestPeer.ts"
import { whyNotOurs } from "./core/ownership.ts"
import type { Decision, LocalityAction, StayReason } from "./Decision.ts"
import { handOver, type Wish } from "./handOver.ts"
import type { PolicyName } from "./LocalityOptions.ts"
import { measureRow } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"

const policies: Record<PolicyName, LeaderPolicy> = { nearestPeer }

/** Decides about one group and does it. Never fails: whatever the engine does becomes a reason. */
export const evaluateGroup = Effect.fn("LeaderLocality.evaluateGroup")(function* (
  reconciliation: Reconciliation,
  group: string
) {
  const { evaluationTimeout, mode, policy } = reconciliation.options
  const { status, rowMillis, action } = yield* askEngine("evaluate", evaluationTimeout, () =>
    observe(reconciliation, group)
  ).pipe(
    Effect.flatMap((seen) => Effect.map(act(reconciliation, seen), (taken) => ({ ...seen, action: taken }))),
    Effect.catch((reason) => Effect.succeed({ status: undefined, rowMillis: noRow, action: stay(reason) }))
  )
  return {
    group,
    self: status?.self,
    leader: status?.leader,
    term: status?.term,
    row: Object.fromEntries(rowMillis),
    at: DateTime.formatIso(yield* DateTime.now),
    mode,
    policy,
    action
  } satisfies Decision
})

const noRow: ReadonlyMap<string, number> = new Map()

const stay = (reason: StayReason): LocalityAction => ({ _tag: "Stay", reason })

/** What was read and measured, and what should be done. */
interface Observation {
  readonly status: GroupStatus
  readonly rowMillis: ReadonlyMap<string, number>
  readonly verdict: { readonly _tag: "Stay"; readonly reason: StayReason } | Wish
}

const observe = Effect.fnUntraced(function* (reconciliation: Reconciliation, group: string) {
  const { groups, probe, options } = reconciliation
  const status = yield* groups.status(group)
  const notOurs = whyNotOurs(status)
  if (notOurs !== undefined) {
    return { status, rowMillis: noRow, verdict: { _tag: "Stay", reason: notOurs } } satisfies Observation
  }
  const reachability = yield* groups.reachability(group)
  const answers = ({ id }: Replica) => reachability.get(id)?.reachable === true
  const peers = status.voters.filter(({ id }) => id !== status.self)
  const { rowMillis, unreachable } = yield* measureRow(probe, group, peers.filter(answers), options)
  const silent = peers
    .filter((peer) => !answers(peer))
    .map(({ id }) => ({ id, detail: reachability.get(id)?.detail ?? "the engine gave no reason" }))
  const verdict = policies[options.policy]({
    self: status.self,
    leader: status.leader,
    rowMillis,
    unreachable: [...silent, ...unreachable],
    cooldownRemainingMillis: restMillis(
      yield* Ref.get(reconciliation.attempts),
      group,
      yield* monotonicMillis,
      Duration.toMillis(options.cooldown)
    ),
    rttThresholdMillis: Duration.toMillis(options.rttThreshold)
  })
  return { status, rowMillis, verdict } satisfies Observation
})

const act = (
  reconciliation: Reconciliation,
  { status, verdict }: Observation
): Effect.Effect<LocalityAction> => {
  if (verdict._tag === "Stay") return Effect.succeed(verdict)
  if (reconciliation.options.mode === "act") return handOver(reconciliation, status, verdict)
  const { target, gainMillis } = verdict
  return Effect.succeed(stay({ _tag: "advised", target, gainMillis }))
}
