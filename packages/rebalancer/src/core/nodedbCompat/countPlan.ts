/** The count planner of the `nodedbCompat` policy: every active node ends up with the same number of shards, give or take one. */
import { compareIds } from "../order.ts"
import type { PlannedMove } from "../plannedMove.ts"
import { type RoutingTable, shardCount } from "../routing.ts"
import { isActive, type Topology } from "../topology.ts"

/** The moves that even out shard counts, or why there can be none. */
export type CountPlan =
  | {
      readonly _tag: "Counted"
      readonly moves: ReadonlyArray<PlannedMove>
      /** Shards of each active node now. */
      readonly before: ReadonlyMap<string, number>
      /** Shards of each active node once every move is done. */
      readonly after: ReadonlyMap<string, number>
    }
  | { readonly _tag: "NoActiveNodes" }

/**
 * Plans by number of shards alone. A shard belongs to the leader of its group; shards led by nobody, or by a node that is not active, are
 * left alone. Node ids ascending: the first ones keep the remainder, donors give their highest shards first, receivers fill up in order.
 */
export const countPlan = (routing: RoutingTable, topology: Topology): CountPlan => {
  const nodes = [...topology.nodes.keys()].filter((id) => isActive(topology, id)).toSorted(compareIds)
  if (nodes.length === 0) return { _tag: "NoActiveNodes" }
  const shardsOf = shardsByOwner(routing, nodes)
  const share = Math.floor(shardCount / nodes.length)
  const remainder = shardCount % nodes.length
  const ideal = (index: number) => share + (index < remainder ? 1 : 0)

  const given = nodes.flatMap((source, index) =>
    (shardsOf.get(source) ?? []).slice(ideal(index)).toReversed()
  )
  const vacancies = nodes.flatMap((target, index) =>
    Array.from({ length: Math.max(0, ideal(index) - (shardsOf.get(target)?.length ?? 0)) }, () => target)
  )
  const moves = given.flatMap(({ group, shard, source }, index) => {
    const target = vacancies[index]
    return target === undefined ? [] : [{ shard, source, target, group }]
  })
  const before = new Map(nodes.map((node) => [node, shardsOf.get(node)?.length ?? 0]))
  return { _tag: "Counted", moves, before, after: applyCounts(before, moves) }
}

type OwnedShard = Omit<PlannedMove, "target">

/** Ascending shards of each of these nodes. */
const shardsByOwner = (
  routing: RoutingTable,
  nodes: ReadonlyArray<string>
): ReadonlyMap<string, ReadonlyArray<OwnedShard>> => {
  const owned = new Map(nodes.map((node): [string, Array<OwnedShard>] => [node, []]))
  routing.shards.forEach((group, shard) => {
    const source = routing.groups.get(group)?.leader
    if (source !== undefined) owned.get(source)?.push({ shard, source, group })
  })
  return owned
}

const applyCounts = (
  before: ReadonlyMap<string, number>,
  moves: ReadonlyArray<PlannedMove>
): ReadonlyMap<string, number> => {
  const after = new Map(before)
  for (const { source, target } of moves) {
    after.set(source, (after.get(source) ?? 0) - 1)
    after.set(target, (after.get(target) ?? 0) + 1)
  }
  return after
}
