export type { PlanNode } from "./core/assumptions.ts"
export type { GroupView, LeaderPolicy, PolicyReason, UnreachableVoter, Verdict } from "./core/LeaderPolicy.ts"
export type { LatencyMatrix } from "./core/latencyMatrix.ts"
export type { LinkEstimate } from "./core/linkRounds.ts"
export type { MatrixPolicy, MatrixPolicyLimits } from "./core/matrixPolicy.ts"
export { nearestPeer } from "./core/nearestPeer.ts"
export { quorumLatency } from "./core/quorumLatency.ts"
export type { QuorumReason, QuorumVerdict } from "./core/QuorumVerdict.ts"
export type { Distance, QuorumView, QuorumVoter, RequestOrigin } from "./core/QuorumView.ts"
export { staticPreference } from "./core/staticPreference.ts"
export { type GuardState, type TransferAttempt, unguarded } from "./core/transferGuards.ts"
export {
  Decision,
  EngineErrorKind,
  HandOverOutcome,
  LocalityAction,
  LocalityMode,
  StayReason
} from "./Decision.ts"
export { EngineProbe } from "./EngineProbe.ts"
export { GroupExplanation, NotDecided, VoterExplanation, VoterObstacle } from "./GroupExplanation.ts"
export { HeartbeatRowExchange } from "./HeartbeatRowExchange.ts"
export { LeaderLocality } from "./LeaderLocality.ts"
export { LocalityOptions, type LocalityOptionsInput, PolicyName } from "./LocalityOptions.ts"
export { AssumptionInvalid, GroupPlanReport, PlacementReport } from "./LocalityPlan.ts"
export { freshnessAt, matrixLimits } from "./matrixLimits.ts"
export { LocalityStance } from "./LocalityStance.ts"
export { type GroupAttempt, type HeardReport, RowExchange, type RowReport } from "./RowExchange.ts"
export { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"
export { SwimRttProbe, type SwimRttProbeOptions } from "./SwimRttProbe.ts"
export { TcpConnectProbe, type TcpConnectProbeOptions } from "./TcpConnectProbe.ts"
export { UdpEchoProbe, type UdpEchoProbeOptions } from "./UdpEchoProbe.ts"
