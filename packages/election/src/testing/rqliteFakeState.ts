/** What an rqlite cluster is made of, as far as its leadership shows over HTTP. */
import type { IncomingHttpHeaders } from "node:http"

import type { Duration, Latch } from "effect"

/** How the fake begins. */
export interface RqliteFakeOptions {
  /** Default `["1", "2", "3"]`; the first one leads. */
  readonly voters?: ReadonlyArray<string>
  /** Default `["4"]`. */
  readonly nonVoters?: ReadonlyArray<string>
  /** Version to play. Before 8.40 there is no `/leader`, in 8.40 it ignores the target. Default `v8.43.4`. */
  readonly version?: string
  /** Answers `/nodes` as an object keyed by id, whatever is asked for. Default false. */
  readonly legacyNodes?: boolean
  /** How long a transfer to a target that does not answer takes to fail. Default 100 ms. */
  readonly electionTimeout?: Duration.Input
  /** The only user; everybody else gets 401. Default: no authentication. */
  readonly user?: { readonly username: string; readonly password: string }
}

/** What an accepted transfer does instead of moving leadership to its target. */
export type FakeTransfer =
  /** Another voter wins, and rqlite says 200. */
  | { readonly _tag: "Elsewhere"; readonly leader: string }
  /** The old leader wins again, and rqlite says 200. */
  | { readonly _tag: "Unchanged" }
  /** Nobody leads afterwards, and rqlite says 200. */
  | { readonly _tag: "Leaderless" }
  /** Leadership moves, but the answer never comes. */
  | { readonly _tag: "MovesSilently" }
  /** Leadership moves, but rqlite stopped waiting for it: 500. */
  | { readonly _tag: "MovesLate" }
  /** Another transfer is under way: 500, or with `status` 200 a JSON error. */
  | { readonly _tag: "InProgress"; readonly status: 200 | 500 }

/** What a node sends instead of an rqlite answer. */
export type Misbehaviour =
  | {
      readonly _tag: "Answers"
      readonly status: number
      readonly body: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Takes the request and says nothing. */
  | { readonly _tag: "Silent" }
  /** Starts a body and never ends it, slowly. */
  | { readonly _tag: "Stalls" }
  /** Sends a body without end, as fast as it is read. */
  | { readonly _tag: "Floods" }
  /** Speaks something else than HTTP. */
  | { readonly _tag: "Gibberish" }
  /** Closes the connection. */
  | { readonly _tag: "HangsUp" }

/** A request that reached a node of the fake. */
export interface FakeRequest {
  readonly node: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A node of the fake. */
export interface FakeNode {
  readonly id: string
  readonly voter: boolean
  /** Origin of its HTTP API; known once it listens. */
  url: string
  state: "up" | "hung" | "dead"
  /** Closed while the node is hung. */
  readonly awake: Latch.Latch
  /** Whether the store is open yet. */
  open: boolean
}

/** The cluster: shared by its nodes, changed only between two steps of a request. */
export interface FakeCluster {
  readonly nodes: ReadonlyMap<string, FakeNode>
  readonly version: string
  readonly legacyNodes: boolean
  readonly electionTimeoutMillis: number
  readonly user: RqliteFakeOptions["user"]
  readonly script: Array<FakeTransfer>
  readonly misbehaviours: Map<string, Misbehaviour>
  leader: string | undefined
  term: number
}

/** Ends the term; this node leads the next one, or nobody. */
export const electFake = (cluster: FakeCluster, leader: string | undefined): void => {
  cluster.leader = leader
  cluster.term += 1
}

/** Major and minor of the version that the cluster plays, as a number that sorts: 8.43 is 8043. */
export const versionNumber = ({ version }: FakeCluster): number => {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  return Number(major) * 1000 + Number(minor)
}
