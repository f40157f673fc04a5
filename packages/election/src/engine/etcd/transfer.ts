/**
 * A hand-over on etcd. Only the leader takes the call, and answers when the target leads; with a target that hangs it never answers, and writes
 * fail for one election timeout.
 */
import { Duration, Effect } from "effect"

import { NotEligible, NotLeader, TimedOut, type TransferOutcome } from "../../ConsensusGroups.ts"
import { type EtcdFailure, isUncertain } from "../../core/etcdAnswers.ts"
import { handOver, type Reason, type SentFailure, type TransferWish } from "../handOver.ts"
import { type Cluster, type Driver, failureReason, find, probeMember, readCluster } from "./driver.ts"
import type { EtcdOptions } from "./EtcdOptions.ts"

/** Hands the cluster's leadership to the target. */
export const transfer = (
  driver: Driver,
  group: string,
  wish: TransferWish
): Effect.Effect<TransferOutcome, Reason> =>
  Effect.flatMap(find(driver.clusters, group), (cluster) =>
    handOver(
      {
        read: readCluster(cluster),
        probe: probeMember(driver, group, wish.target),
        send: () => send(cluster, wish.target),
        verifyWindow: () => cluster.options.verifyWindow,
        verifyInterval: cluster.options.verifyInterval
      },
      wish
    )
  )

const send = ({ client, local, options }: Cluster, target: string): Effect.Effect<SentFailure | undefined> =>
  client
    .ask(local, {
      path: "/v3/maintenance/transfer-leadership",
      body: { targetID: target },
      timeout: options.transferTimeout
    })
    .pipe(
      Effect.match({
        onSuccess: () => undefined,
        onFailure: (error): SentFailure =>
          error._tag === "EtcdRefused"
            ? { reason: reasonOf(error.failure, target, options), isUncertain: isUncertain(error.failure) }
            : { reason: error, isUncertain: true }
      })
    )

const reasonOf = (failure: EtcdFailure, target: string, { transferTimeout }: EtcdOptions): Reason => {
  switch (failure._tag) {
    case "NotLeader":
      return new NotLeader({ leader: undefined })
    case "BadTransferee":
      return new NotEligible({ target, detail: failure.detail })
    case "TransferTimeout":
      return new TimedOut({ afterMillis: Duration.toMillis(transferTimeout) })
    case "TokenRefused":
    case "AuthDisabled":
    case "Unauthorized":
    case "Unsupported":
    case "Unavailable":
    case "ProtocolViolation":
      return failureReason(failure)
  }
}
