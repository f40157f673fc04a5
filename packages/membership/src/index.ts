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
  MemberState,
  Metadata,
  MetadataInvalid,
  NodeId
} from "./Membership.ts"
export { CallFailed, PeerCalls, type Question } from "./PeerCalls.ts"
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
