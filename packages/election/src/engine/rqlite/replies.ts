/** The JSON that rqlite answers with, decoded with bounds; only what the driver uses is looked at. */
import { Effect, Result, Schema } from "effect"

import {
  type GroupStatus,
  ProtocolViolation,
  type ReplicaReachability,
  Unavailable
} from "../../ConsensusGroups.ts"
import { goDurationMillis } from "../../core/goDuration.ts"

const NodeId = Schema.String.check(Schema.isMaxLength(256))
const Address = Schema.String.check(Schema.isMaxLength(512))

const OpenStore = Schema.Struct({
  node_id: NodeId.check(Schema.isNonEmpty()),
  leader: Schema.Struct({ node_id: NodeId }),
  nodes: Schema.Array(
    Schema.Struct({ id: NodeId.check(Schema.isNonEmpty()), addr: Address, suffrage: Schema.String })
  ).check(Schema.isMaxLength(1000)),
  raft: Schema.Struct({ state: Schema.String, term: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }),
  election_timeout: Schema.optionalKey(Schema.String)
})

/** All that a node says before its store is open. */
const ClosedStore = Schema.Struct({ open: Schema.Literal(false) })

const StatusReply = Schema.Struct({
  build: Schema.optionalKey(Schema.Struct({ version: Schema.optionalKey(Schema.String) })),
  store: Schema.Union([ClosedStore, OpenStore])
})
const decodeStatusReply = Schema.decodeUnknownResult(Schema.fromJsonString(StatusReply))

/** What `GET /status` says. */
export interface StatusReading {
  readonly status: GroupStatus
  readonly version: string | undefined
  /** rqlite's `-raft-election-timeout`. */
  readonly electionTimeoutMillis: number | undefined
}

/**
 * Reads `GET /status`. The leader is `store.leader.node_id`: `raft.leader_id` does not exist in any version.
 * `raft.last_contact` is not read: it is a number on the leader, a Go duration or "never" elsewhere.
 */
export const decodeStatus = (
  group: string,
  body: string
): Effect.Effect<StatusReading, ProtocolViolation | Unavailable> => {
  const reply = decodeStatusReply(body)
  if (Result.isFailure(reply)) return Effect.fail(violation("/status", reply.failure.message))
  const { build, store } = reply.success
  if (!("node_id" in store)) return Effect.fail(new Unavailable({ detail: "its store is not open yet" }))
  const replicas = (votes: boolean) =>
    store.nodes
      .filter(({ suffrage }) => (suffrage === "Voter") === votes)
      .map(({ addr, id }) => ({ id, address: addr }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const self = store.node_id
  const leader = store.leader.node_id === "" ? undefined : store.leader.node_id
  const leads = store.raft.state === "Leader"
  return Effect.succeed({
    status: {
      group,
      self,
      leader,
      term: store.raft.term,
      voters: replicas(true),
      nonVoters: replicas(false),
      electing: leader === undefined || store.raft.state === "Candidate" || (leader === self) !== leads
    },
    version: build?.version,
    electionTimeoutMillis: goDurationMillis(store.election_timeout ?? "")
  })
}

const NodeItem = Schema.Struct({
  api_addr: Schema.optionalKey(Address),
  reachable: Schema.Boolean,
  time: Schema.optionalKey(Schema.Finite),
  error: Schema.optionalKey(Schema.String)
})
const decodeListedNodes = Schema.decodeUnknownResult(
  Schema.fromJsonString(
    Schema.Struct({ nodes: Schema.Array(NodeItem.mapFields((fields) => ({ ...fields, id: NodeId }))) })
  )
)
const decodeKeyedNodes = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Record(NodeId, NodeItem)))

/** A replica as `GET /nodes` shows it. */
export interface NodeReading extends ReplicaReachability {
  /** Origin of its HTTP API; undefined when rqlite could not ask it. */
  readonly apiOrigin: string | undefined
  /** What rqlite calls its round trip, in ms; see `timesNodes`. */
  readonly timeMillis: number | undefined
}

/** Reads `GET /nodes` by replica id: `ver=2` answers with a list, versions before that with an object keyed by id. */
export const decodeNodes = (
  body: string
): Effect.Effect<ReadonlyMap<string, NodeReading>, ProtocolViolation> => {
  const listed = Result.map(decodeListedNodes(body), ({ nodes }) =>
    nodes.map((item) => [item.id, item] as const)
  )
  const entries = Result.orElse(listed, () =>
    Result.map(decodeKeyedNodes(body), Object.entries<typeof NodeItem.Type>)
  )
  if (Result.isFailure(entries)) return Effect.fail(violation("/nodes", entries.failure.message))
  return Effect.succeed(
    new Map(
      entries.success.map(([id, { api_addr, error, reachable, time }]) => [
        id,
        {
          reachable,
          detail: reachable ? undefined : (error ?? "rqlite gives no reason").slice(0, 200),
          apiOrigin: originOf(api_addr),
          timeMillis: time === undefined ? undefined : time * 1000
        }
      ])
    )
  )
}

const originOf = (url: string | undefined): string | undefined =>
  url !== undefined && /^https?:/.test(url) && URL.canParse(url) ? new URL(url).origin : undefined

const violation = (path: string, problem: string) =>
  new ProtocolViolation({ detail: `GET ${path}: ${problem.slice(0, 200).replaceAll(/\s+/gu, " ")}` })
