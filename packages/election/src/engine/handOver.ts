/**
 * A hand-over on any engine: refuse, probe the target, look again, send once, then see who leads.
 *
 * The engine's own answer is never the outcome: engines report success for hand-overs that went elsewhere or nowhere, and failure for some that
 * took place.
 */
import { Clock, Duration, Effect } from "effect"

import { ConsensusError, type GroupStatus, NotEligible, type TransferOutcome } from "../ConsensusGroups.ts"
import { judgeAtDeadline, judgeTransfer, refuseStepDown, refuseTransfer } from "../core/transfer.ts"
import { refusedTransfer } from "./refusedTransfer.ts"

/** Why a call failed, before it is known which call it was. */
export type Reason = ConsensusError["reason"]

/** Says during which call of which group it failed. */
export const during =
  (operation: ConsensusError["operation"], group: string) =>
  <A>(effect: Effect.Effect<A, Reason>): Effect.Effect<A, ConsensusError> =>
    Effect.mapError(effect, (reason) => new ConsensusError({ operation, group, reason }))

/** Who should lead, and the term in which that was decided. */
export interface TransferWish {
  readonly target: string
  readonly term: number | undefined
}

/** Anybody else should lead. */
export interface StepDownWish extends Pick<TransferWish, "term"> {
  readonly target: undefined
}

/** What went wrong with a transfer that was sent. */
export interface SentFailure {
  readonly reason: Reason
  /** Leadership may have moved all the same. */
  readonly isUncertain: boolean
}

/** One group as a hand-over needs it. */
export interface HandOver<Reading extends { readonly status: GroupStatus }> {
  readonly read: Effect.Effect<Reading, Reason>
  /** Why the engine itself would not do it well, beside the rules that all engines share. */
  readonly refuse?: (reading: Reading) => Reason | undefined
  /** One application-level round trip to the target; without a target, to any other voter. */
  readonly probe: Effect.Effect<unknown, Reason>
  /** Sends the transfer; undefined when the engine says that all is well. */
  readonly send: (reading: Reading) => Effect.Effect<SentFailure | undefined, Reason>
  /** How long to watch who leads afterwards. */
  readonly verifyWindow: (reading: Reading) => Duration.Duration
  /** Pause between two looks. */
  readonly verifyInterval: Duration.Duration
}

/** Hands the group's leadership to the target, or to whom the engine chooses. */
export const handOver = Effect.fnUntraced(function* <Reading extends { readonly status: GroupStatus }>(
  group: HandOver<Reading>,
  wish: TransferWish | StepDownWish
) {
  yield* readWilling(group, wish)
  const { target } = wish
  yield* group.probe.pipe(
    Effect.mapError((reason) =>
      reason._tag === "Unauthorized" || target === undefined
        ? reason
        : new NotEligible({ target, detail: reason.message })
    )
  )
  // Probing took time: somebody else may lead by now.
  const before = yield* readWilling(group, wish)
  const sent = yield* group.send(before)
  if (sent !== undefined && !sent.isUncertain) return yield* sent.reason
  const outcome = yield* watch(group, before, target)
  const moved = outcome._tag === "Moved" || outcome._tag === "MovedElsewhere"
  return sent === undefined || moved ? outcome : yield* sent.reason
})

/** The group's reading, if it allows the transfer to be sent. */
const readWilling = Effect.fnUntraced(function* <Reading extends { readonly status: GroupStatus }>(
  group: HandOver<Reading>,
  { target, term }: TransferWish | StepDownWish
) {
  const reading = yield* group.read
  const refusal =
    target === undefined ? refuseStepDown(reading.status, term) : refuseTransfer(reading.status, target, term)
  if (refusal !== undefined) return yield* refusedTransfer(refusal)
  const reason = group.refuse?.(reading)
  return reason === undefined ? reading : yield* reason
})

/** Looks who leads until that is certain or the window is over. A look that fails is no news: the node may be busy electing. */
const watch = Effect.fnUntraced(function* <Reading extends { readonly status: GroupStatus }>(
  group: HandOver<Reading>,
  before: Reading,
  target: string | undefined
) {
  const windowNanos = BigInt(Math.ceil(Duration.toMillis(group.verifyWindow(before)) * 1e6))
  const endNanos = (yield* Clock.monotonicTimeNanos) + windowNanos
  let last: GroupStatus | undefined
  for (;;) {
    last = yield* group.read.pipe(
      Effect.map(({ status }) => status),
      Effect.orElseSucceed(() => last)
    )
    const outcome: TransferOutcome | undefined =
      last === undefined ? undefined : judgeTransfer(before.status, target, last)
    if (outcome !== undefined) return outcome
    if ((yield* Clock.monotonicTimeNanos) >= endNanos) return judgeAtDeadline(before.status, last)
    yield* Effect.sleep(group.verifyInterval)
  }
})
