/** What the driver does with the groups of one server: read them, ask who answers, and time a round trip to a server. */
import { Cache, Duration, Effect, Exit, Result } from "effect"

import {
  AlreadyLeader,
  type GroupStatus,
  NotEligible,
  NotLeader,
  ProtocolViolation,
  type ReplicaReachability,
  Unavailable,
  UnknownGroup,
  UnknownTarget,
  Unsupported
} from "../../ConsensusGroups.ts"
import {
  type JetStreamError,
  lostContact,
  type NatsFailure,
  natsFailure,
  type ReplicaHealth
} from "../../core/natsAnswers.ts"
import { encodeRequest, type NatsGroup, type NatsRequest, parseGroup } from "../../core/natsGroups.ts"
import type { Reason } from "../handOver.ts"
import type { NatsSilence } from "./connections.ts"
import type { ServerInfo } from "./greeting.ts"
import type { NatsClient } from "./NatsClient.ts"
import type { NatsOptions } from "./NatsOptions.ts"
import { type ClusterReading, decodeCluster, decodeRaftState, type RaftReading } from "./replies.ts"
import type { ServerDirectory } from "./serverDirectory.ts"

/** A group as it is now. */
export interface NatsReading {
  readonly status: GroupStatus
  /** By server name; the leader is not among them. */
  readonly health: ReadonlyMap<string, ReplicaHealth>
  /** The local server's. */
  readonly version: string
}

/** Everything that a call needs. */
export interface Driver {
  readonly options: NatsOptions
  readonly client: NatsClient
  readonly servers: ServerDirectory
  /** Names that the last listing had. */
  readonly known: () => ReadonlyArray<string>
  /** The last reading of each group, for the targets of probes. */
  readonly readings: Cache.Cache<string, NatsReading, Reason>
}

/** Puts the parts together. */
export const makeDriver = (parts: Omit<Driver, "readings">): Effect.Effect<Driver> =>
  Effect.map(
    Cache.makeWith((name: string) => readGroup(parts, name), {
      capacity: 4096,
      // Replicas rarely come and go.
      timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(1) : Duration.zero)
    }),
    (readings) => ({ ...parts, readings })
  )

/** Reads the group by way of the local server; its leader answers, or in its absence any replica. */
export const readGroup = (
  driver: Omit<Driver, "readings">,
  name: string
): Effect.Effect<NatsReading, Reason> =>
  Effect.gen(function* () {
    const group = yield* groupOf(driver, name)
    const local = yield* reasoned(driver.client.local)
    if (group._tag === "Meta") {
      const raft = yield* readRaft(driver, local, undefined, "_meta_")
      if (raft === undefined) {
        return yield* new Unsupported({ detail: "the server has no meta group, or is too old to show it" })
      }
      return metaReading(local, raft)
    }
    const cluster = yield* readCluster(driver, group)
    const { raftGroup } = cluster
    const raft =
      driver.options.system === undefined || raftGroup === undefined
        ? undefined
        : yield* readRaft(driver, local, local.remote_account, raftGroup)
    return assetReading(name, local, cluster, raft)
  })

/** The group of this name, if this driver can have it. */
export const groupOf = (
  { known, options }: Omit<Driver, "readings">,
  name: string
): Effect.Effect<NatsGroup, UnknownGroup> => {
  const group = parseGroup(name)
  return group === undefined || (group._tag === "Meta" && options.system === undefined)
    ? Effect.fail(new UnknownGroup({ known: known() }))
    : Effect.succeed(group)
}

const readCluster = Effect.fnUntraced(function* (
  driver: Omit<Driver, "readings">,
  group: Exclude<NatsGroup, { readonly _tag: "Meta" }>
) {
  const request: NatsRequest = { _tag: "Info", group }
  const { subject } = encodeRequest(request)
  const text = yield* reasoned(driver.client.ask(request, driver.options.statusTimeout))
  const { cluster, error } = yield* decodeCluster(subject, text)
  if (error !== undefined) return yield* answerReason(driver, subject, error)
  return cluster ?? (yield* new Unsupported({ detail: "the server is not clustered" }))
})

/** Undefined when the server does not have the group, or is older than RAFTZ. */
const readRaft = (
  { client, options }: Omit<Driver, "readings">,
  local: ServerInfo,
  account: string | undefined,
  raftGroup: string
): Effect.Effect<RaftReading | undefined, Reason> => {
  const request: NatsRequest = { _tag: "RaftState", serverId: local.server_id, account, raftGroup }
  return client.ask(request, options.statusTimeout).pipe(
    Effect.flatMap((text) => decodeRaftState(encodeRequest(request).subject, text, local.server_name)),
    Effect.catchTag("NoResponders", () => Effect.undefined)
  )
}

const metaReading = (local: ServerInfo, { leader, peers, term }: RaftReading): NatsReading => ({
  status: {
    group: "meta",
    self: local.server_name,
    leader,
    term,
    voters: replicas([local.server_name, ...peers.keys()]),
    nonVoters: [],
    electing: leader === undefined
  },
  health: peers,
  version: local.version
})

/**
 * The leader's word and this server's own Raft state come from two requests: where they name two leaders, the group is between them, and no term
 * belongs to either.
 */
const assetReading = (
  name: string,
  local: ServerInfo,
  { leader, replicas: followers }: ClusterReading,
  raft: RaftReading | undefined
): NatsReading => ({
  status: {
    group: name,
    self: local.server_name,
    leader,
    term: raft?.term,
    voters: replicas([...(leader === undefined ? [] : [leader]), ...followers.keys()]),
    nonVoters: [],
    electing: leader === undefined || (raft !== undefined && raft.leader !== leader)
  },
  health: followers,
  version: local.version
})

/** JetStream does not say at which address a server replicates. */
const replicas = (names: ReadonlyArray<string>) => names.toSorted().map((id) => ({ id, address: "" }))

/** Pings every replica, and asks the leader's opinion of it. */
export const reachability = (
  driver: Driver,
  name: string
): Effect.Effect<ReadonlyMap<string, ReplicaReachability>, Reason> =>
  Effect.gen(function* () {
    const { health, status } = yield* readGroup(driver, name)
    const found = yield* Effect.forEach(
      status.voters,
      ({ id }) =>
        Effect.map(Effect.result(pingServer(driver, id)), (ping): [string, ReplicaReachability] => {
          const seen = health.get(id)
          const detail = Result.isFailure(ping)
            ? ping.failure.message.slice(0, 200)
            : seen && status.leader === status.self
              ? lostContact(seen)
              : undefined
          return [id, { reachable: detail === undefined, detail }]
        }),
      { concurrency: 16 }
    )
    return new Map(found)
  })

/**
 * Times a ping to the server, over a connection of its own that is already open.
 * A connection alone proves nothing: the kernel of a stopped process accepts it.
 */
export const probeReplica = (
  driver: Driver,
  name: string,
  replica: string
): Effect.Effect<Duration.Duration, Reason> =>
  Effect.gen(function* () {
    const has = Effect.map(Cache.get(driver.readings, name), ({ status }) =>
      status.voters.some(({ id }) => id === replica)
    )
    if (!(yield* has)) {
      yield* Cache.invalidate(driver.readings, name)
      if (!(yield* has)) return yield* new UnknownTarget({ target: replica })
    }
    return yield* pingServer(driver, replica)
  })

const pingServer = ({ client, options, servers }: Driver, server: string) =>
  Effect.gen(function* () {
    const address = yield* servers.find(server)
    const { name, roundTrip } = yield* reasoned(client.ping(address, options.probeTimeout)).pipe(
      // It may have moved: look its address up again next time.
      Effect.tapErrorTag("Unavailable", () => servers.forget(server))
    )
    if (name === server) return roundTrip
    yield* servers.forget(server)
    return yield* new Unavailable({ detail: `${address} is ${name} now, not ${server}` })
  })

/** Gives a failure to get an answer its place among the reasons of the port. */
export const reasoned = <A>(effect: Effect.Effect<A, NatsSilence>): Effect.Effect<A, Reason> =>
  Effect.mapError(effect, (error) =>
    error._tag === "NoResponders"
      ? new Unavailable({ detail: `nobody answers to ${error.subject}: is JetStream on, for this account?` })
      : error
  )

/** The error for an answer of JetStream's that is none. */
export const answerReason = (
  { known }: Pick<Driver, "known">,
  subject: string,
  error: JetStreamError,
  target = ""
): Reason => failureReason(natsFailure(subject, error), known(), target)

const failureReason = (
  { _tag, detail }: NatsFailure,
  known: ReadonlyArray<string>,
  target: string
): Reason => {
  switch (_tag) {
    case "UnknownGroup":
      return new UnknownGroup({ known })
    case "NotLeader":
      return new NotLeader({ leader: undefined })
    case "UnknownTarget":
      return new UnknownTarget({ target })
    case "NotEligible":
      return new NotEligible({ target, detail })
    case "AlreadyLeader":
      return new AlreadyLeader({ target })
    case "Unsupported":
      return new Unsupported({ detail })
    case "Unavailable":
      return new Unavailable({ detail })
    case "ProtocolViolation":
      return new ProtocolViolation({ detail })
  }
}
