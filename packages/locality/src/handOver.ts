/**
 * Acting on a wish to transfer: check again, spend the cooldown, call, see who leads.
 *
 * The order is the point. The cooldown is recorded before the call, so a call that fails or hangs is not repeated at the next pass.
 */
import { abilitiesFor, type GroupStatus, type TransferOutcome } from "@coterie/election"
import { Duration, Effect } from "effect"

import { askEngine } from "./askEngine.ts"
import { noteAttempt, noteEnd } from "./attempts.ts"
import { whyNoLonger } from "./core/ownership.ts"
import { paybackMillis } from "./core/payback.ts"
import { boundedMillis } from "./core/QuorumVerdict.ts"
import type { HandOverOutcome, LocalityAction, StayReason } from "./Decision.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** A policy's wish to transfer. */
export interface Wish {
  readonly _tag: "Transfer"
  readonly target: string
  readonly gainMillis: number
  /** Because the node goes away. */
  readonly evacuation?: boolean
  /** The engine chooses who leads next. */
  readonly untargeted?: true
}

/** Hands the group over, unless what was measured no longer holds or the target's process does not answer. */
export const handOver = Effect.fn("LeaderLocality.handOver")(function* (
  reconciliation: Reconciliation,
  measured: GroupStatus,
  wish: Wish
) {
  const { target, gainMillis, evacuation = false, untargeted = false } = wish
  const { group } = measured
  const objection = yield* objectionTo(reconciliation, measured, target)
  if (objection !== undefined) return { _tag: "Stay", reason: objection } satisfies LocalityAction

  const startedMillis = yield* monotonicMillis
  yield* noteAttempt(reconciliation, measured, { target, voluntary: !evacuation })
  yield* Effect.logInfo("handing leadership over", { group, from: measured.self, target, gainMillis })
  const outcome = yield* transfer(reconciliation, measured, wish)
  const tookMillis = (yield* monotonicMillis) - startedMillis
  const payback = paybackOf(reconciliation, wish, tookMillis)
  yield* noteEnd(reconciliation, group, {
    target: untargeted ? undefined : target,
    moved: outcome._tag === "moved" || (untargeted && outcome._tag === "movedElsewhere"),
    costly: payback !== undefined && payback > Duration.toMillis(reconciliation.options.payback)
  })
  return {
    _tag: "Transfer",
    target,
    gainMillis,
    outcome,
    tookMillis,
    ...(untargeted ? { untargeted } : {}),
    ...(payback === undefined ? {} : { paybackMillis: boundedMillis(payback) })
  } satisfies LocalityAction
})

/** The transfer's duration stands for the gap in writes, which it covers. Undefined where leadership moves for another end than speed. */
const paybackOf = (
  { options }: Reconciliation,
  { evacuation, gainMillis }: Wish,
  tookMillis: number
): number | undefined =>
  options.policy === "quorumLatency" && evacuation !== true
    ? paybackMillis(tookMillis, gainMillis)
    : undefined

/** Nothing is attempted while this is defined: leadership must be as it was measured, and the target's process must answer. */
const objectionTo = (
  { groups, options }: Reconciliation,
  measured: GroupStatus,
  target: string
): Effect.Effect<StayReason | undefined> =>
  Effect.gen(function* () {
    const changed = yield* askEngine("status", options.evaluationTimeout, () =>
      Effect.map(groups.status(measured.group), (now) => whyNoLonger(measured, now))
    )
    if (changed !== undefined) return changed
    yield* askEngine("probe", options.evaluationTimeout, () => groups.probe(measured.group, target))
    return undefined
  }).pipe(
    Effect.catch((error) =>
      Effect.succeed<StayReason>(
        error.operation === "probe"
          ? { _tag: "voterUnreachable", voters: [{ id: target, detail: error.detail }] }
          : error
      )
    )
  )

const transfer = (
  { groups, options }: Reconciliation,
  { group, term }: GroupStatus,
  { target, untargeted }: Wish
): Effect.Effect<HandOverOutcome> =>
  askEngine("transfer", options.transferTimeout, () => {
    const { stepDown } = abilitiesFor(groups, group)
    const call =
      untargeted === true && stepDown !== undefined
        ? stepDown(group, { term, deadline: options.transferTimeout })
        : groups.transferLeadership(group, target, { term })
    return Effect.map(call, (outcome) => outcomeOf(outcome, target))
  }).pipe(
    Effect.catch(({ kind, detail }) => Effect.succeed<HandOverOutcome>({ _tag: "failed", kind, detail }))
  )

const outcomeOf = (outcome: TransferOutcome, target: string): HandOverOutcome => {
  switch (outcome._tag) {
    case "Moved":
    case "MovedElsewhere":
      return outcome.leader === target
        ? { _tag: "moved", term: outcome.term }
        : { _tag: "movedElsewhere", leader: outcome.leader, term: outcome.term }
    case "Unchanged":
      return { _tag: "unchanged" }
    case "Unknown":
      return { _tag: "unknown" }
  }
}
