export { type HeartbeatRider, Heartbeats } from "./Heartbeats.ts"
export {
  JoinFailed,
  type Member,
  Membership,
  type MembershipChange,
  MemberState,
  NodeId
} from "./Membership.ts"
