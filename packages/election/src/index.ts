export {
  AlreadyLeader,
  type ConsensusCapabilities,
  ConsensusError,
  ConsensusGroups,
  type GroupStatus,
  NotEligible,
  NotLeader,
  ProtocolViolation,
  type Replica,
  type ReplicaReachability,
  TimedOut,
  type TransferOutcome,
  TransferInProgress,
  Unauthorized,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "./ConsensusGroups.ts"
export { Election, type Leadership, LeadershipLost, NotLeading, type Quorum } from "./Election.ts"
