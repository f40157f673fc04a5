/** What the driver does with one cluster: read it, ask who answers, and time a round trip to a member. */
import { Cache, Duration, Effect, Exit, Result } from "effect"

import {
  ProtocolViolation,
  type ReplicaReachability,
  Unauthorized,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "../../ConsensusGroups.ts"
import type { EtcdFailure } from "../../core/etcdAnswers.ts"
import { isDowngrade } from "../../core/isDowngrade.ts"
import type { EngineHttp, Silence } from "../EngineHttp.ts"
import type { Reason } from "../handOver.ts"
import { type EtcdClient, makeEtcdClient, type EtcdRefused, type EtcdRequest } from "./EtcdClient.ts"
import type { EtcdOptions } from "./EtcdOptions.ts"
import { decodeMemberId, decodeReading, type EtcdReading } from "./replies.ts"

/** One cluster. */
export interface Cluster {
  readonly name: string
  readonly options: EtcdOptions
  readonly client: EtcdClient
  /** Origin of the local member. */
  readonly local: string
  readonly tls: EtcdOptions["tls"] | undefined
}

/** Everything that a call needs. */
export interface Driver {
  readonly clusters: ReadonlyMap<string, Cluster>
  /** The last reading of each cluster, for the addresses of probes. */
  readonly readings: Cache.Cache<string, EtcdReading, Reason>
}

/** Puts the parts together. */
export const makeDriver = (options: EtcdOptions, http: EngineHttp): Effect.Effect<Driver> => {
  const clusters = new Map(
    options.groups.map(({ auth = options.auth, name, tls = options.tls, url }): [string, Cluster] => {
      const local = new URL(url).origin
      return [name, { name, options, local, tls, client: makeEtcdClient(http, { origin: local, auth, tls }) }]
    })
  )
  return Effect.map(
    Cache.makeWith((group: string) => Effect.flatMap(find(clusters, group), readCluster), {
      capacity: 1024,
      // Members rarely come, go or move.
      timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
    }),
    (readings) => ({ clusters, readings })
  )
}

/** Names that an error lists at most. */
const knownShown = 20

/** The cluster of this name. */
export const find = (clusters: Driver["clusters"], group: string): Effect.Effect<Cluster, UnknownGroup> => {
  const cluster = clusters.get(group)
  return cluster === undefined
    ? Effect.fail(new UnknownGroup({ known: [...clusters.keys()].slice(0, knownShown) }))
    : Effect.succeed(cluster)
}

/** Reads the cluster from its local member. From etcd 3.5 on, a list of members that need not be linearizable is read locally. */
export const readCluster = ({
  client,
  local,
  name,
  options
}: Cluster): Effect.Effect<EtcdReading, Reason> => {
  const ask = (path: EtcdRequest["path"], body: EtcdRequest["body"]) =>
    client.ask(local, { path, body, timeout: options.statusTimeout })
  return Effect.all(
    [ask("/v3/maintenance/status", {}), ask("/v3/cluster/member/list", { linearizable: false })],
    { concurrency: 2 }
  ).pipe(
    Effect.mapError(reasonOf),
    Effect.flatMap(([status, list]) => decodeReading(name, status, list))
  )
}

/** Asks every member's own API whether it is there: etcd has no list of who answers whom. */
export const reachability = (
  cluster: Cluster
): Effect.Effect<ReadonlyMap<string, ReplicaReachability>, Reason> =>
  Effect.gen(function* () {
    const reading = yield* readCluster(cluster)
    const answers = yield* Effect.forEach(
      reading.members.keys(),
      (id) => Effect.map(Effect.result(greet(cluster, reading, id)), (result) => [id, result] as const),
      { concurrency: 16 }
    )
    return new Map(
      answers.map(([id, result]) => [
        id,
        {
          reachable: Result.isSuccess(result),
          detail: Result.isSuccess(result) ? undefined : result.failure.message.slice(0, 200)
        }
      ])
    )
  })

/** One request to a member, not timed, so that it waits for no probe. */
const greet = (cluster: Cluster, reading: EtcdReading, id: string): Effect.Effect<void, Reason> =>
  Effect.gen(function* () {
    const origin = yield* originOf(cluster, reading, id)
    const body = yield* cluster.client.ask(origin, hello(cluster)).pipe(Effect.mapError(reasonOf))
    yield* expectMember(body, id, origin)
  })

/**
 * Times one request to the member's own client URL.
 * A connection alone proves nothing: the kernel of a stopped process accepts it.
 */
export const probeMember = (
  driver: Driver,
  group: string,
  id: string
): Effect.Effect<Duration.Duration, Reason> =>
  Effect.gen(function* () {
    const cluster = yield* find(driver.clusters, group)
    const known = yield* Cache.get(driver.readings, group)
    if (!known.members.has(id)) yield* Cache.invalidate(driver.readings, group)
    const origin = yield* originOf(cluster, yield* Cache.get(driver.readings, group), id)
    const [roundTrip, body] = yield* cluster.client.time(origin, hello(cluster)).pipe(
      Effect.mapError(reasonOf),
      // It may have moved: look its address up again next time.
      Effect.tapErrorTag("Unavailable", () => Cache.invalidate(driver.readings, group))
    )
    yield* expectMember(body, id, origin)
    return roundTrip
  })

const hello = ({ options }: Cluster): EtcdRequest => ({
  path: "/v3/maintenance/status",
  body: {},
  timeout: options.probeTimeout
})

/** Where to ask a member: the local one at its configured URL, another one at the first URL it advertises that is not less safe. */
export const originOf = (
  { local }: Cluster,
  { members, status }: EtcdReading,
  id: string
): Effect.Effect<string, UnknownTarget | Unavailable | ProtocolViolation> => {
  const member = members.get(id)
  if (member === undefined) return Effect.fail(new UnknownTarget({ target: id }))
  if (id === status.self) return Effect.succeed(local)
  const [first] = member.origins
  if (first === undefined) {
    return Effect.fail(new Unavailable({ detail: `member ${id} has no client URL: it has not started yet` }))
  }
  const origin = member.origins.find((candidate) => !isDowngrade(local, candidate))
  return origin === undefined
    ? Effect.fail(
        new ProtocolViolation({ detail: `${first} is advertised without TLS, credentials stay here` })
      )
    : Effect.succeed(origin)
}

/** A member that advertises `localhost` would have another one answer for it, and look very near. */
const expectMember = (body: string, id: string, origin: string): Effect.Effect<void, ProtocolViolation> =>
  Effect.flatMap(decodeMemberId(body), (found) =>
    found === id
      ? Effect.void
      : Effect.fail(
          new ProtocolViolation({
            detail: `${origin} is member ${found}, not ${id}: correct --advertise-client-urls of ${id}`
          })
        )
  )

const reasonOf = (error: EtcdRefused | Silence): Reason =>
  error._tag === "EtcdRefused" ? failureReason(error.failure) : error

/** The error for a failure that etcd's answer stands for; what only a transfer may be told is none of its business elsewhere. */
export const failureReason = ({ _tag, detail }: EtcdFailure): Reason => {
  switch (_tag) {
    case "TokenRefused":
    case "Unauthorized":
      return new Unauthorized({ detail })
    case "Unsupported":
      return new Unsupported({ detail })
    case "Unavailable":
      return new Unavailable({ detail })
    case "AuthDisabled":
    case "NotLeader":
    case "BadTransferee":
    case "TransferTimeout":
    case "ProtocolViolation":
      return new ProtocolViolation({ detail })
  }
}
