/**
 * The topology: which nodes belong to the cluster and what each may do.
 *
 * Topologies are immutable. Every operation returns the same object when it changed nothing; a real change raises `version` by one.
 */

/** Codes of the node states as they are stored and shown. */
export const nodeStateCodes = { joining: 0, active: 1, draining: 2, decommissioned: 3, learner: 4 } as const

/** What a node may do: only an active node votes and receives load. */
export type NodeState = keyof typeof nodeStateCodes

/** Wire version that a node speaks when it announces none. */
export const defaultWireVersion = 1

/** Wire version that this release speaks. */
export const currentWireVersion = 4

/** One node of the cluster. */
export interface NodeInfo {
  readonly id: string
  readonly address: string
  readonly state: NodeState
  /** Groups that it has a replica of. */
  readonly groups: ReadonlyArray<number>
  readonly wireVersion: number
}

/** The nodes of the cluster, by id. */
export interface Topology {
  readonly version: number
  readonly nodes: ReadonlyMap<string, NodeInfo>
}

/** A cluster without nodes. */
export const emptyTopology: Topology = { version: 0, nodes: new Map() }

/** What is known about a joining node; no groups and the default wire version unless given. */
export type NewNode = Pick<NodeInfo, "id" | "address"> & Partial<NodeInfo>

/** A topology of these nodes, active unless they say otherwise. */
export const activeTopology = (nodes: ReadonlyArray<NewNode>): Topology =>
  nodes.reduce(
    (topology, node) => putNode(topology, { ...node, state: node.state ?? "active" }),
    emptyTopology
  )

/** Whether a node in this state has a vote. */
export const isVoter = (state: NodeState): boolean => state === "active"

/** Whether a node in this state receives the log. */
export const receivesLog = (state: NodeState): boolean => state === "active" || state === "learner"

/** Whether the node is known and active. */
export const isActive = (topology: Topology, id: string): boolean =>
  topology.nodes.get(id)?.state === "active"

/** Adds a node, or replaces what is known about it; a new node starts as joining unless it says otherwise. */
export const putNode = (topology: Topology, node: NewNode): Topology =>
  withNodes(
    topology,
    new Map(topology.nodes).set(node.id, {
      state: "joining",
      groups: [],
      wireVersion: defaultWireVersion,
      ...node
    })
  )

/** Moves a known node to another state. */
export const setNodeState = (topology: Topology, id: string, state: NodeState): Topology => {
  const node = topology.nodes.get(id)
  if (node === undefined || node.state === state) return topology
  return withNodes(topology, new Map(topology.nodes).set(id, { ...node, state }))
}

/** Forgets a node. */
export const removeNode = (topology: Topology, id: string): Topology =>
  topology.nodes.has(id)
    ? withNodes(topology, new Map([...topology.nodes].filter(([known]) => known !== id)))
    : topology

/** Adds a node as a learner; changes nothing when the id is taken. */
export const joinAsLearner = (topology: Topology, node: NewNode): Topology =>
  topology.nodes.has(node.id) ? topology : putNode(topology, { ...node, state: "learner" })

/** How far a learner is behind, and how far it may be; both in log entries. */
export interface LearnerLag {
  readonly lag: number
  readonly lagMax: number
}

/** Makes a learner an active voter once it has caught up (lag at most the limit); changes nothing for any other node. */
export const promoteToVoter = (topology: Topology, id: string, { lag, lagMax }: LearnerLag): Topology =>
  topology.nodes.get(id)?.state === "learner" && lag <= lagMax
    ? setNodeState(topology, id, "active")
    : topology

const withNodes = (topology: Topology, nodes: ReadonlyMap<string, NodeInfo>): Topology => ({
  version: topology.version + 1,
  nodes
})
