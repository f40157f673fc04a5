export { changeKind } from "./changeKind.ts"
export { HeartbeatMembership } from "./HeartbeatMembership.ts"
export {
  Beat,
  type HeartbeatReply,
  type HeartbeatRequest,
  messageBytesMax,
  PayloadName,
  protocolVersion,
  type Refusal,
  type RefusalReason
} from "./HeartbeatMessage.ts"
export { HeartbeatOptions, HeartbeatOptionsInvalid, type HeartbeatOptionsInput } from "./HeartbeatOptions.ts"
export { type HeartbeatRider, Heartbeats } from "./Heartbeats.ts"
export {
  type HeartbeatHandler,
  HeartbeatTransport,
  type SendOptions,
  TransportError
} from "./HeartbeatTransport.ts"
export {
  JoinFailed,
  type Member,
  Membership,
  type MembershipChange,
  type MembershipChangeKind,
  MemberState,
  Metadata,
  MetadataInvalid,
  NodeId
} from "./Membership.ts"
export { CallFailed, PeerCalls, type Question } from "./PeerCalls.ts"
export {
  type FailureMeaning,
  PeerUnreachable,
  type PeerReach,
  Reachability,
  type ReachabilityOptions,
  type ReachChange
} from "./Reachability.ts"
export {
  StaticMembership,
  type StaticMembershipOptions,
  type ControlledMembership
} from "./StaticMembership.ts"
export { DocumentInvalid, DocumentTooLarge } from "./documentCodec.ts"
export { VersionNotNewer } from "./documentCopy.ts"
export {
  type Divergence,
  type Versioned,
  VersionedDocument,
  type VersionedDocumentOptions
} from "./VersionedDocument.ts"
export { type LoopMetrics, makeLoopMetrics } from "./LoopMetrics.ts"
export {
  BroadcastRefused,
  type Explanation,
  NotDead,
  type PeerRefusal,
  type PeerRefused,
  type RoundTrip,
  Swim,
  type SwimHealth,
  type SwimNotice,
  type UserMessage
} from "./Swim.ts"
export {
  SwimHeartbeats,
  SwimHeartbeatsInvalid,
  SwimHeartbeatsOptions,
  type SwimHeartbeatsOptionsInput
} from "./SwimHeartbeats.ts"
export { SwimMembership } from "./SwimMembership.ts"
export { SwimOptions, type SwimOptionsInput, SwimOptionsInvalid } from "./SwimOptions.ts"
export {
  SeedUnresolved,
  type SwimStream,
  type SwimStreamHandler,
  SwimTransport,
  type SwimTransportHandler
} from "./SwimTransport.ts"
export { GenerationFileFailed } from "./swim/generationFile.ts"
export { KeyInvalid, KeyIsPrimary, type Keyring, KeyringFull, KeyUnknown } from "./swim/Keyring.ts"
