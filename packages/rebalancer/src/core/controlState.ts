/** The cluster's control state and what a move does to it. */
import type { PlannedMove } from "./plannedMove.ts"
import {
  addGroupLearner,
  promoteGroupLearner,
  removeGroupMember,
  type RoutingTable,
  setLeader
} from "./routing.ts"
import { isActive, type Topology } from "./topology.ts"

/** Everything the control plane agrees on; both parts change together under one revision. */
export interface ControlState {
  readonly topology: Topology
  readonly routing: RoutingTable
}

/** The state after a move, or why the move no longer fits the state. */
export type MoveOutcome =
  | { readonly _tag: "Applied"; readonly state: ControlState }
  | { readonly _tag: "Refused"; readonly reason: string }

/**
 * Hands the group's lead from the move's source to its target. A target without a replica takes the source's place, so that no move adds a
 * voter; a target that votes already only takes the lead. A move planned on an older state is refused when the world has moved on.
 */
export const applyMove = (state: ControlState, move: PlannedMove): MoveOutcome => {
  const refused = refusal(state, move)
  if (refused !== undefined) return { _tag: "Refused", reason: refused }
  const { group, source, target } = move
  const wasMember = state.routing.groups.get(group)?.members.includes(target) ?? false
  const joined = promoteGroupLearner(addGroupLearner(state.routing, group, target), group, target)
  const led = setLeader(joined, group, target)
  const routing = wasMember ? led : removeGroupMember(led, group, source)
  return { _tag: "Applied", state: { ...state, routing } }
}

const refusal = ({ routing, topology }: ControlState, move: PlannedMove): string | undefined => {
  const { group, shard, source, target } = move
  const served = routing.shards[shard]
  if (served !== group) return `shard ${shard} is served by group ${served ?? "none"}, not by group ${group}`
  const leader = routing.groups.get(group)?.leader
  if (leader !== source) return `group ${group} is led by ${leader ?? "nobody known"}, not by ${source}`
  if (!isActive(topology, target)) {
    return `${target} is ${topology.nodes.get(target)?.state ?? "not in the topology"}, not active`
  }
  return undefined
}
