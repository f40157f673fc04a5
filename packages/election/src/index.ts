export {
  abilitiesFor,
  AlreadyLeader,
  type ConsensusCapabilities,
  ConsensusError,
  ConsensusGroups,
  type EngineAbilities,
  type GroupStatus,
  NotEligible,
  NotLeader,
  ProtocolViolation,
  type Replica,
  type ReplicaReachability,
  type ReadRttRows,
  type RttRows,
  StaleTerm,
  type StepDown,
  type StepDownOptions,
  TimedOut,
  type TransferOutcome,
  TransferInProgress,
  Unauthorized,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "./ConsensusGroups.ts"
export {
  type HandOver,
  handOver,
  type SentFailure,
  type StepDownWish,
  type TransferWish
} from "./engine/handOver.ts"
export { FilePromiseStore } from "./FilePromiseStore.ts"
export { campaign } from "./campaign.ts"
export { watchConfigs } from "./configRider.ts"
export { combineGroups } from "./combineGroups.ts"
export { FencedOut, fenced, type FencedResource, memoryFence } from "./fenced.ts"
export { HeartbeatLeaseTransport } from "./HeartbeatLeaseTransport.ts"
export { LeaderLease } from "./LeaderLease.ts"
export { LeasedQuorumElection } from "./LeasedQuorumElection.ts"
export { LeasedQuorumOptions } from "./LeasedQuorumOptions.ts"
export { type Lease } from "./core/leaseContenderState.ts"
export {
  LeadershipExplanation,
  LeadershipRule,
  MemberStanding,
  StandingReason
} from "./LeadershipExplanation.ts"
export { LeaseElection } from "./LeaseElection.ts"
export { LeaseElectionOptions } from "./LeaseElectionOptions.ts"
export { type Holder, LeaseStore, LeaseStoreError, type TakeOver } from "./LeaseStore.ts"
export { type LeaseHandlers, LeaseTransport } from "./LeaseTransport.ts"
export { PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"
export { layerSuspendClock, SuspendClock } from "./SuspendClock.ts"
export { SqlitePromiseStore } from "./SqlitePromiseStore.ts"
export {
  Election,
  type Leadership,
  LeadershipLost,
  NotLeading,
  type Quorum,
  TransferRefused
} from "./Election.ts"
export {
  InMemoryGroups,
  type InMemoryGroupsOptions,
  type ScriptedTransfer,
  type TransferRecord
} from "./InMemoryGroups.ts"
export { QuorumElection, QuorumElectionOptions } from "./QuorumElection.ts"
export { type LeaderWork, type LeaderWorkOptions, makeLeaderWork } from "./whileLeader.ts"
