import {
  AlreadyLeader,
  type ConsensusError,
  NotEligible,
  NotLeader,
  StaleTerm,
  TransferInProgress,
  UnknownTarget
} from "../ConsensusGroups.ts"
import type { TransferRefusal } from "../core/transfer.ts"

/** The error that tells a caller why a hand-over was refused before anything was sent. */
export const refusedTransfer = (refusal: TransferRefusal): ConsensusError["reason"] => {
  switch (refusal._tag) {
    case "NotLeader":
      return new NotLeader(refusal)
    case "StaleTerm":
      return new StaleTerm(refusal)
    case "AlreadyLeader":
      return new AlreadyLeader(refusal)
    case "NotEligible":
      return new NotEligible(refusal)
    case "UnknownTarget":
      return new UnknownTarget(refusal)
    case "TransferInProgress":
      return new TransferInProgress()
  }
}
