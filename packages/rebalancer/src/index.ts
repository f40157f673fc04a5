export {
  type ControlSnapshot,
  ControlStore,
  ControlStoreError,
  RevisionConflict,
  StoreUnavailable,
  updateControlState
} from "./ControlStore.ts"
export {
  type ClusterLifecycle,
  clusterLifecycleLabel,
  clusterLifecycleLabels,
  describeClusterLifecycle
} from "./core/clusterLifecycle.ts"
export { applyMove, type ControlState, type MoveOutcome } from "./core/controlState.ts"
export { carryHints, forgetLeader, type Liveness, shouldKick } from "./core/liveness.ts"
export { type CountPlan, countPlan } from "./core/nodedbCompat/countPlan.ts"
export { type LoadWeights, normalizedScore } from "./core/nodedbCompat/load.ts"
export {
  type LoadPlan,
  loadPlan,
  type LoadPlanOptions,
  type LoadView,
  type NoPlanReason
} from "./core/nodedbCompat/loadPlan.ts"
export { compareIds } from "./core/order.ts"
export { countRequest, openRateWindow, type RateWindow, requestsPerSecond } from "./core/rateWindow.ts"
export {
  addGroupLearner,
  type Group,
  groupIds,
  locateShard,
  promoteGroupLearner,
  reassignShard,
  removeGroupMember,
  type RoutingTable,
  setGroupMembers,
  setLeader,
  shardCount,
  type ShardLocation,
  type UniformLayout,
  uniformRouting
} from "./core/routing.ts"
export { shardOfCollection } from "./core/shardOfCollection.ts"
export {
  activeTopology,
  currentWireVersion,
  defaultWireVersion,
  emptyTopology,
  isActive,
  isVoter,
  joinAsLearner,
  type LearnerLag,
  type NewNode,
  type NodeInfo,
  type NodeState,
  nodeStateCodes,
  promoteToVoter,
  putNode,
  receivesLog,
  removeNode,
  setNodeState,
  type Topology
} from "./core/topology.ts"
export { type ElectingGroup, ElectionGate } from "./ElectionGate.ts"
export { layerKickOnMembershipChange } from "./KickOnMembershipChange.ts"
export { LoadMetrics, LoadMetricsUnavailable, LoadRecord, LoadSnapshot } from "./LoadMetrics.ts"
export { DispatchFailed, MigrationDispatcher, PlannedMove } from "./MigrationDispatcher.ts"
export { NoActiveNodes, planByCount } from "./planByCount.ts"
export { Rebalancer } from "./Rebalancer.ts"
export { RebalancerOptions, type RebalancerOptionsInput } from "./RebalancerOptions.ts"
export { type MappedShard, Routing, ShardNotMapped } from "./Routing.ts"
export { explainSkip, SkipReason, SweepAction, SweepDecision, SweepTrigger } from "./SweepDecision.ts"
