/** What a trial needs of an engine: a cluster on a WAN, a client of it, and who leads. */
import type { EngineNode } from "@coterie/tools-engines"
import type { Wan } from "@coterie/tools-wan"
import type { Effect, Scope } from "effect"

/** A client of one node; each operation goes through the leader and tells whether it succeeded. */
export interface TrialClient {
  readonly write: () => Promise<boolean>
  readonly read: () => Promise<boolean>
}

/** The cluster at one moment, as one of its nodes tells it. Nodes are indexes into the WAN. */
export interface Look {
  /** Who leads each group, undefined while nobody does; the group that the client writes to comes first. */
  readonly leaders: ReadonlyMap<string, number | undefined>
  /** Of the first group; grows with each election. */
  readonly term: number
  /** Every replica of every group with its role, in an order of its own: no agent may change it. */
  readonly configuration: string
}

/** A running cluster. */
export interface TrialCluster {
  /** In the order of the WAN. */
  readonly nodes: ReadonlyArray<EngineNode>
  /** The replica ids of the nodes, as decisions name them; in the same order. */
  readonly ids: ReadonlyArray<string>
  /** A client of this node. */
  client(node: number): Effect.Effect<TrialClient, never, Scope.Scope>
  /** Asks this node; rejects when it has no answer. */
  look(node: number): Promise<Look>
  /** Requests of agents that the engine itself says it refused, as they are to be reported. */
  refusals(): ReadonlyArray<string>
}

/** Where leadership starts. */
export interface FirstPlacement {
  /** Node that leads. */
  readonly leader: number
  /** Groups of the cluster. */
  readonly groups: number
  /** Groups that `leader` leads, the first one included; the others are led elsewhere. */
  readonly misplaced: number
}

/** An engine as trials use it. */
export interface TrialEngine {
  readonly name: "rqlite" | "etcd" | "nats"
  /** Groups that one cluster can have. */
  readonly groupsMax: number
  /** The agents' `backend`; the engine's node is in the agent's namespace. */
  readonly backend: Readonly<Record<string, unknown>>
  /** The only requests an agent may send to the engine, as `requestName` writes them. */
  readonly allowedRequests: ReadonlySet<string>
  /** The request that hands leadership over. */
  readonly transferRequest: string
  /** Writes the labels of the agents' counter of requests as a request. */
  readonly requestName: (labels: Readonly<Record<string, string>>) => string
  /** Starts a cluster of one node per node of the WAN, ready for a client to write. */
  start(wan: Wan, placement: FirstPlacement): Effect.Effect<TrialCluster, unknown, Scope.Scope>
}
