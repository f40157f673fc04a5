/**
 * A hand-over on rqlite: refuse, probe the target, look again, send once, then see who leads.
 *
 * rqlite's own answer is never the outcome. It says 200 for a target without a vote, for a request that a follower dropped and for a
 * content type that it did not understand, and a hung target blocks writes for up to 10 s after its 500.
 */
import { Clock, Duration, Effect } from "effect"

import {
  AlreadyLeader,
  type GroupStatus,
  NotEligible,
  NotLeader,
  TimedOut,
  TransferInProgress,
  type TransferOutcome,
  UnknownTarget,
  Unsupported
} from "../../ConsensusGroups.ts"
import {
  isUncertain,
  obeysTarget,
  type RqliteTransferFailure,
  transferFailure
} from "../../core/rqliteAnswers.ts"
import { judgeAtDeadline, judgeTransfer, refuseTransfer } from "../../core/transfer.ts"
import { refusedTransfer } from "../refusedTransfer.ts"
import { type Driver, failureReason, probeReplica, readStatus, type Reason } from "./driver.ts"
import type { StatusReading } from "./replies.ts"

/** Who should lead, and the term in which that was decided. */
export interface TransferWish {
  readonly target: string
  readonly term: number | undefined
}

/** Hands the group's leadership to the target. */
export const transfer = Effect.fnUntraced(function* (driver: Driver, group: string, wish: TransferWish) {
  yield* readWilling(driver, group, wish)
  yield* probeReplica(driver, group, wish.target).pipe(
    Effect.mapError((reason) =>
      reason._tag === "Unauthorized"
        ? reason
        : new NotEligible({ target: wish.target, detail: reason.message })
    )
  )
  // Probing took time: a follower would pass the request on to whoever leads by now.
  const before = yield* readWilling(driver, group, wish)
  const sent = yield* send(driver, before, wish.target)
  if (sent !== undefined && !sent.isUncertain) return yield* sent.reason
  const outcome = yield* watch(driver, before, wish.target)
  const moved = outcome._tag === "Moved" || outcome._tag === "MovedElsewhere"
  return sent === undefined || moved ? outcome : yield* sent.reason
})

/** The group's status, if it allows the transfer to be sent. */
const readWilling = Effect.fnUntraced(function* (
  driver: Driver,
  group: string,
  { target, term }: TransferWish
) {
  const reading = yield* readStatus(driver, group)
  const refusal = refuseTransfer(reading.status, target, term)
  if (refusal !== undefined) return yield* refusedTransfer(refusal)
  if (!obeysTarget(reading.version)) {
    return yield* new Unsupported({
      detail: `version ${reading.version ?? "unknown"} picks any voter; a named one needs 8.41 or newer`
    })
  }
  return reading
})

/** What went wrong with a transfer that was sent. */
interface SentFailure {
  readonly reason: Reason
  /** Leadership may have moved all the same. */
  readonly isUncertain: boolean
}

/** Sends the transfer; undefined when rqlite says that it ended well. `wait` makes it say so only after it ended. */
const send = (
  { client, directory, options }: Driver,
  { electionTimeoutMillis, status }: StatusReading,
  target: string
): Effect.Effect<SentFailure | undefined, Reason> =>
  Effect.flatMap(directory.find(status.group), (endpoint) =>
    client
      .ask(endpoint, {
        method: "POST",
        path: "/leader",
        query: "wait",
        body: JSON.stringify({ id: target }),
        timeout: options.transferTimeout
      })
      .pipe(
        Effect.map((answer): SentFailure | undefined => {
          const failure = transferFailure(answer)
          if (failure === undefined) return undefined
          const patienceMillis = electionTimeoutMillis ?? Duration.toMillis(options.transferTimeout)
          return { reason: reasonOf(failure, target, patienceMillis), isUncertain: isUncertain(failure) }
        }),
        Effect.catch((reason) => Effect.succeed({ reason, isUncertain: true }))
      )
  )

const reasonOf = (failure: RqliteTransferFailure, target: string, patienceMillis: number): Reason => {
  switch (failure._tag) {
    case "NotLeader":
      return new NotLeader({ leader: undefined })
    case "UnknownTarget":
      return new UnknownTarget({ target })
    case "AlreadyLeader":
      return new AlreadyLeader({ target })
    case "TransferInProgress":
      return new TransferInProgress()
    case "TransferTimeout":
      return new TimedOut({ afterMillis: patienceMillis })
    case "Unauthorized":
    case "Unsupported":
    case "Unavailable":
    case "ProtocolViolation":
      return failureReason(failure)
  }
}

/** Looks who leads until that is certain or the window is over. A look that fails is no news: the node may be busy electing. */
const watch = Effect.fnUntraced(function* (
  driver: Driver,
  { electionTimeoutMillis = 0, status: before }: StatusReading,
  target: string
) {
  const windowMillis = Math.max(Duration.toMillis(driver.options.verifyWindow), 2 * electionTimeoutMillis)
  const endNanos = (yield* Clock.monotonicTimeNanos) + BigInt(Math.ceil(windowMillis * 1e6))
  let last: GroupStatus | undefined
  for (;;) {
    last = yield* readStatus(driver, before.group).pipe(
      Effect.map(({ status }) => status),
      Effect.orElseSucceed(() => last)
    )
    const outcome: TransferOutcome | undefined =
      last === undefined ? undefined : judgeTransfer(before, target, last)
    if (outcome !== undefined) return outcome
    if ((yield* Clock.monotonicTimeNanos) >= endNanos) return judgeAtDeadline(before, last)
    yield* Effect.sleep(driver.options.verifyInterval)
  }
})
