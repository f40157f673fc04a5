export type { GroupView, LeaderPolicy, PolicyReason, UnreachableVoter, Verdict } from "./core/LeaderPolicy.ts"
export { nearestPeer } from "./core/nearestPeer.ts"
export {
  Decision,
  EngineErrorKind,
  HandOverOutcome,
  LocalityAction,
  LocalityMode,
  StayReason
} from "./Decision.ts"
export { EngineProbe } from "./EngineProbe.ts"
export { LeaderLocality } from "./LeaderLocality.ts"
export { LocalityOptions, type LocalityOptionsInput, PolicyName } from "./LocalityOptions.ts"
export { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"
export { TcpConnectProbe, type TcpConnectProbeOptions } from "./TcpConnectProbe.ts"
