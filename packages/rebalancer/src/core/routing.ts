/**
 * The routing table: shard -> group -> leader.
 *
 * Tables are immutable. Every operation returns the same object when it changed nothing, so `after !== before` says whether it did; a real
 * change raises `version` by one.
 */
import { invariant } from "./invariant.ts"

/** Number of shards; ids are 0 to 1023. */
export const shardCount = 1024

/** The replicas of one group and who leads them. */
export interface Group {
  /** A hint: undefined when the leader is unknown. */
  readonly leader: string | undefined
  /** Voters, in the order they joined. */
  readonly members: ReadonlyArray<string>
  /** Replicas that receive the log and do not vote yet. */
  readonly learners: ReadonlyArray<string>
}

/** Which group serves each shard, and who leads each group. */
export interface RoutingTable {
  readonly version: number
  readonly groups: ReadonlyMap<number, Group>
  /** The group of each shard, by shard id. */
  readonly shards: ReadonlyArray<number>
}

/** Where a shard is served. */
export type ShardLocation =
  | { readonly _tag: "Mapped"; readonly group: number; readonly leader: string | undefined }
  | { readonly _tag: "NotMapped"; readonly shard: number }

/** A fresh cluster's layout. */
export interface UniformLayout {
  /** Data groups, at least 1; they are numbered from 1. */
  readonly groups: number
  /** Nodes in placement order. */
  readonly nodes: ReadonlyArray<string>
  /** Voters per group, at least 1; capped by the number of nodes. */
  readonly replicationFactor: number
}

/**
 * Spreads shards and groups evenly: shard `i` belongs to group `1 + i mod groups`, group `1 + k` lives on the nodes from
 * `k * replicationFactor` on, wrapping around, and its first member leads. Group 0 is for metadata: it has no shards.
 */
export const uniformRouting = ({ groups, nodes, replicationFactor }: UniformLayout): RoutingTable => {
  invariant(Number.isInteger(groups) && groups >= 1, "groups must be an integer of at least 1")
  invariant(
    Number.isInteger(replicationFactor) && replicationFactor >= 1,
    "replicationFactor must be an integer of at least 1"
  )
  const voters = Math.min(replicationFactor, nodes.length)
  const groupFrom = (first: number): Group => {
    const doubled = [...nodes, ...nodes]
    const start = nodes.length === 0 ? 0 : first % nodes.length
    const members = doubled.slice(start, start + voters)
    return { leader: members[0], members, learners: [] }
  }
  return {
    version: 1,
    groups: new Map([
      [0, groupFrom(0)],
      ...Array.from({ length: groups }, (_, k): [number, Group] => [k + 1, groupFrom(k * replicationFactor)])
    ]),
    shards: Array.from({ length: shardCount }, (_, shard) => 1 + (shard % groups))
  }
}

/** Finds the group and the leader of a shard. */
export const locateShard = (table: RoutingTable, shard: number): ShardLocation => {
  const group = table.shards[shard]
  return group === undefined
    ? { _tag: "NotMapped", shard }
    : { _tag: "Mapped", group, leader: table.groups.get(group)?.leader }
}

/** Group ids, ascending. */
export const groupIds = (table: RoutingTable): ReadonlyArray<number> =>
  [...table.groups.keys()].toSorted((a, b) => a - b)

/** Records who leads a group, or with undefined that nobody knows; an unknown group changes nothing. */
export const setLeader = (table: RoutingTable, group: number, leader: string | undefined): RoutingTable =>
  changeGroup(table, group, (current) => (current.leader === leader ? current : { ...current, leader }))

/** Moves a shard to another group; an unknown shard or group changes nothing. */
export const reassignShard = (table: RoutingTable, shard: number, group: number): RoutingTable => {
  const current = table.shards[shard]
  if (current === undefined || current === group || !table.groups.has(group)) return table
  return { ...table, version: table.version + 1, shards: table.shards.with(shard, group) }
}

/** Replaces the voters of a group; leader and learners stay. */
export const setGroupMembers = (
  table: RoutingTable,
  group: number,
  members: ReadonlyArray<string>
): RoutingTable =>
  changeGroup(table, group, (current) =>
    sameIds(current.members, members) ? current : { ...current, members: [...members] }
  )

/** Drops a node's voter and learner entries; the leader becomes unknown when it was that node. */
export const removeGroupMember = (table: RoutingTable, group: number, node: string): RoutingTable =>
  changeGroup(table, group, (current) => {
    if (!isReplica(current, node) && current.leader !== node) return current
    return {
      leader: current.leader === node ? undefined : current.leader,
      members: current.members.filter((id) => id !== node),
      learners: current.learners.filter((id) => id !== node)
    }
  })

/** Adds a replica that does not vote yet; changes nothing when the node is a member or a learner already. */
export const addGroupLearner = (table: RoutingTable, group: number, node: string): RoutingTable =>
  changeGroup(table, group, (current) =>
    isReplica(current, node) ? current : { ...current, learners: [...current.learners, node] }
  )

/** Gives a learner its vote; changes nothing for any other node. */
export const promoteGroupLearner = (table: RoutingTable, group: number, node: string): RoutingTable =>
  changeGroup(table, group, (current) =>
    current.learners.includes(node)
      ? {
          ...current,
          members: [...current.members, node],
          learners: current.learners.filter((id) => id !== node)
        }
      : current
  )

const isReplica = (group: Group, node: string): boolean =>
  group.members.includes(node) || group.learners.includes(node)

const sameIds = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index])

const changeGroup = (table: RoutingTable, id: number, change: (group: Group) => Group): RoutingTable => {
  const before = table.groups.get(id)
  const after = before === undefined ? undefined : change(before)
  if (after === undefined || after === before) return table
  return { ...table, version: table.version + 1, groups: new Map(table.groups).set(id, after) }
}
