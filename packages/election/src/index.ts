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
  StaleTerm,
  TimedOut,
  type TransferOutcome,
  TransferInProgress,
  Unauthorized,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "./ConsensusGroups.ts"
export { FilePromiseStore } from "./FilePromiseStore.ts"
export { HeartbeatLeaseTransport } from "./HeartbeatLeaseTransport.ts"
export { LeasedQuorumElection } from "./LeasedQuorumElection.ts"
export { LeasedQuorumOptions } from "./LeasedQuorumOptions.ts"
export { type LeaseHandlers, LeaseTransport } from "./LeaseTransport.ts"
export { PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"
export { SqlitePromiseStore } from "./SqlitePromiseStore.ts"
export { Election, type Leadership, LeadershipLost, NotLeading, type Quorum } from "./Election.ts"
export {
  InMemoryGroups,
  type InMemoryGroupsOptions,
  type ScriptedTransfer,
  type TransferRecord
} from "./InMemoryGroups.ts"
export { QuorumElection, QuorumElectionOptions } from "./QuorumElection.ts"
export { type LeaderWork, makeLeaderWork } from "./whileLeader.ts"
