/**
 * A hand-over on rqlite, whose own answer is never the outcome. It says 200 for a target without a vote, for a request that a follower dropped and for a
 * content type that it did not understand, and a hung target blocks writes for up to 10 s after its 500.
 */
import { Duration, Effect } from "effect"

import {
  AlreadyLeader,
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
import { handOver, type Reason, type SentFailure, type TransferWish } from "../handOver.ts"
import { type Driver, failureReason, probeReplica, readStatus } from "./driver.ts"
import type { StatusReading } from "./replies.ts"

/** Hands the group's leadership to the target. */
export const transfer = (
  driver: Driver,
  group: string,
  wish: TransferWish
): Effect.Effect<TransferOutcome, Reason> => {
  const { verifyInterval, verifyWindow } = driver.options
  return handOver(
    {
      read: readStatus(driver, group),
      refuse: ({ version }) =>
        obeysTarget(version)
          ? undefined
          : new Unsupported({
              detail: `version ${version ?? "unknown"} picks any voter; a named one needs 8.41 or newer`
            }),
      probe: probeReplica(driver, group, wish.target),
      send: (before) => send(driver, before, wish.target),
      verifyWindow: ({ electionTimeoutMillis = 0 }) =>
        Duration.max(verifyWindow, Duration.millis(2 * electionTimeoutMillis)),
      verifyInterval
    },
    wish
  )
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
