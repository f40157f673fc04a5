/** The JSON that JetStream answers with, decoded with bounds; only what the driver uses is looked at. */
import { Effect, Result, Schema } from "effect"

import { ProtocolViolation } from "../../ConsensusGroups.ts"
import { goDurationMillis } from "../../core/goDuration.ts"
import type { JetStreamError, ReplicaHealth } from "../../core/natsAnswers.ts"

const Name = Schema.String.check(Schema.isMaxLength(256))
const Nanos = Schema.Finite

const JetStreamErrorReply = Schema.Struct({
  code: Schema.Int,
  err_code: Schema.optionalKey(Schema.Int),
  description: Schema.optionalKey(Schema.String)
})

const ClusterReply = Schema.Struct({
  leader: Schema.optionalKey(Name),
  raft_group: Schema.optionalKey(Name),
  replicas: Schema.optionalKey(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          name: Name.check(Schema.isNonEmpty()),
          current: Schema.optionalKey(Schema.Boolean),
          offline: Schema.optionalKey(Schema.Boolean),
          active: Schema.optionalKey(Nanos)
        })
      ).check(Schema.isMaxLength(1000))
    )
  )
})

const InfoReply = Schema.Struct({
  error: Schema.optionalKey(JetStreamErrorReply),
  cluster: Schema.optionalKey(Schema.NullOr(ClusterReply))
})

const ListedAsset = { cluster: Schema.optionalKey(Schema.NullOr(ClusterReply)) }
const StreamListReply = Schema.Struct({
  error: Schema.optionalKey(JetStreamErrorReply),
  total: Schema.optionalKey(Schema.Int),
  streams: Schema.optionalKey(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          config: Schema.Struct({ name: Name }),
          state: Schema.optionalKey(Schema.Struct({ consumer_count: Schema.optionalKey(Schema.Int) })),
          ...ListedAsset
        })
      )
    )
  ),
  /** Names of streams that did not say anything in time. */
  missing: Schema.optionalKey(Schema.NullOr(Schema.Array(Name)))
})
const ConsumerListReply = Schema.Struct({
  error: Schema.optionalKey(JetStreamErrorReply),
  total: Schema.optionalKey(Schema.Int),
  consumers: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Struct({ name: Name, ...ListedAsset })))),
  missing: Schema.optionalKey(Schema.NullOr(Schema.Array(Name)))
})

const StepDownReply = Schema.Struct({
  error: Schema.optionalKey(JetStreamErrorReply),
  success: Schema.optionalKey(Schema.Boolean)
})

const RaftReply = Schema.Struct({
  data: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.Record(
        Schema.String,
        Schema.Struct({
          id: Name,
          term: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
          leader: Schema.optionalKey(Name),
          peers: Schema.optionalKey(
            Schema.NullOr(
              Schema.Record(Name, Schema.Struct({ name: Name, last_seen: Schema.optionalKey(Schema.String) }))
            )
          )
        })
      )
    )
  )
})

const RoutesReply = Schema.Struct({
  server: Schema.Struct({ name: Name, id: Name }),
  data: Schema.optionalKey(
    Schema.Struct({
      routes: Schema.optionalKey(
        Schema.NullOr(
          Schema.Array(
            Schema.Struct({
              remote_id: Name.check(Schema.isPattern(/^[A-Za-z0-9]{1,256}$/)),
              rtt: Schema.optionalKey(Schema.String)
            })
          ).check(Schema.isMaxLength(10_000))
        )
      )
    })
  )
})

/** The routes of one server. */
export interface RoutesReading {
  readonly server: { readonly name: string; readonly id: string }
  /** Round trip in ms by the id of the server at the other end: the least of several routes; undefined before the first ping. */
  readonly routes: ReadonlyMap<string, number | undefined>
}

/** A group's replicas as its leader, or in its absence any replica, sees them. */
export interface ClusterReading {
  readonly leader: string | undefined
  /** Undefined before 2.10. */
  readonly raftGroup: string | undefined
  /** All but the leader. */
  readonly replicas: ReadonlyMap<string, ReplicaHealth>
}

/** A page of assets. */
export interface ListPage {
  readonly error: JetStreamError | undefined
  readonly total: number
  readonly assets: ReadonlyArray<{
    readonly name: string
    readonly consumerCount: number
    readonly cluster: ClusterReading
  }>
  readonly missing: ReadonlyArray<string>
}

/** The Raft state that one server has of a group, with servers by name. */
export interface RaftReading {
  readonly term: number
  readonly leader: string | undefined
  /** All but this server itself. */
  readonly peers: ReadonlyMap<string, ReplicaHealth>
}

const decoding = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(Schema.fromJsonString(schema))
  return (subject: string, text: string): Effect.Effect<A, ProtocolViolation> => {
    const result = decode(text)
    if (Result.isSuccess(result)) return Effect.succeed(result.success)
    const problem = result.failure.message.slice(0, 200).replaceAll(/\s+/gu, " ")
    return Effect.fail(new ProtocolViolation({ detail: `${subject}: ${problem}` }))
  }
}

const decodeInfo = decoding(InfoReply)
const decodeRoutesReply = decoding(RoutesReply)
const decodeStreams = decoding(StreamListReply)
const decodeConsumers = decoding(ConsumerListReply)
const decodeRaft = decoding(RaftReply)

/** Reads the answer to a step-down. */
export const decodeStepDown = decoding(StepDownReply)

/** Reads the information about a stream or consumer; no `cluster` means that the server is alone. */
export const decodeCluster = (subject: string, text: string) =>
  Effect.map(decodeInfo(subject, text), ({ cluster, error }) => ({
    error,
    cluster: cluster === undefined || cluster === null ? undefined : clusterOf(cluster)
  }))

/** Reads a page of streams. */
export const decodeStreamPage = (subject: string, text: string): Effect.Effect<ListPage, ProtocolViolation> =>
  Effect.map(decodeStreams(subject, text), ({ error, missing, streams, total = 0 }) => ({
    error,
    total,
    missing: missing ?? [],
    assets: (streams ?? []).map(({ cluster, config, state }) => ({
      name: config.name,
      consumerCount: state?.consumer_count ?? 0,
      cluster: clusterOf(cluster ?? {})
    }))
  }))

/** Reads a page of consumers. */
export const decodeConsumerPage = (
  subject: string,
  text: string
): Effect.Effect<ListPage, ProtocolViolation> =>
  Effect.map(decodeConsumers(subject, text), ({ consumers, error, missing, total = 0 }) => ({
    error,
    total,
    missing: missing ?? [],
    assets: (consumers ?? []).map(({ cluster, name }) => ({
      name,
      consumerCount: 0,
      cluster: clusterOf(cluster ?? {})
    }))
  }))

const clusterOf = ({ leader, raft_group, replicas }: typeof ClusterReply.Type): ClusterReading => ({
  leader: leader === "" ? undefined : leader,
  raftGroup: raft_group,
  replicas: new Map(
    (replicas ?? []).map(({ active, current = false, name, offline = false }) => [
      name,
      {
        isCurrent: current,
        isOffline: offline,
        silentMillis: active === undefined ? undefined : active / 1e6
      }
    ])
  )
})

/** Reads `RAFTZ` for one group; undefined when the server does not have it. `self` is the server's name. */
export const decodeRaftState = (
  subject: string,
  text: string,
  self: string
): Effect.Effect<RaftReading | undefined, ProtocolViolation> =>
  Effect.map(decodeRaft(subject, text), ({ data = {} }) => {
    const [state] = Object.values(data).flatMap((groups) => Object.values(groups))
    if (state === undefined) return undefined
    const peers = Object.entries(state.peers ?? {})
    const leaderId = state.leader ?? ""
    return {
      term: state.term,
      leader: leaderId === state.id ? self : peers.find(([id]) => id === leaderId)?.[1].name,
      peers: new Map(
        peers.map(([, { last_seen = "", name }]) => [
          name,
          { isCurrent: true, isOffline: false, silentMillis: goDurationMillis(last_seen) }
        ])
      )
    }
  })

/** Reads `ROUTEZ`. */
export const decodeRoutes = (
  subject: string,
  text: string
): Effect.Effect<RoutesReading, ProtocolViolation> =>
  Effect.map(decodeRoutesReply(subject, text), ({ data, server }) => {
    const routes = new Map<string, number | undefined>()
    for (const { remote_id, rtt = "" } of data?.routes ?? []) {
      const known = routes.get(remote_id)
      const millis = goDurationMillis(rtt)
      routes.set(
        remote_id,
        known === undefined || millis === undefined ? (millis ?? known) : Math.min(millis, known)
      )
    }
    return { server, routes }
  })
