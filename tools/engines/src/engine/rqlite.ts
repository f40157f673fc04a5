/** Starts rqlite clusters: on loopback, or with given addresses inside network namespaces. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { Duration, Effect, type Scope } from "effect"

import type { EngineStartError } from "../EngineError.ts"
import { type EngineNode, extendNode } from "../EngineNode.ts"
import { freePorts } from "../freePorts.ts"
import { httpAnswer, type TlsFiles } from "../httpAnswer.ts"
import { type LaunchContext, launchCluster, type LaunchOptions, type NodePlan } from "../launchCluster.ts"
import type { NotYet } from "../pollUntil.ts"

/** An entry of rqlite's authentication file. */
export interface RqliteUser {
  /** Name; `*` grants its permissions to everybody, also without a password. */
  readonly username: string
  readonly password?: string
  /** Permissions such as `all`, `status`, `ready`, `leader-ops`, `execute`, `query`, `join`. */
  readonly perms: ReadonlyArray<string>
}

/** Where one node runs and how it is reached. */
export interface RqlitePlacement {
  /** Address that the node advertises to the others and listens on. */
  readonly host: string
  /** Address at which this process reaches the node, when that is not `host`; the node then listens on all. */
  readonly controlHost?: string
  /** Network namespace to run in; needs root. Default: this process's own. */
  readonly namespace?: string
  /** Port of the HTTP API. Default: a free one on loopback, 4001 in a namespace. */
  readonly httpPort?: number
  /** Port of the Raft connections. Default: a free one on loopback, 4002 in a namespace. */
  readonly raftPort?: number
  /** Name of the node. Default `1`, `2`, ... */
  readonly id?: string
}

/** Options of a cluster; the defaults make three voters on loopback without authentication. */
export interface RqliteClusterOptions extends LaunchOptions {
  /** Number of voters. Default 3, or the number of placements less the non-voters. */
  readonly voters?: number
  /** Number of non-voters (read-only nodes), started last. Default 0. */
  readonly nonVoters?: number
  /** Index of the voter that starts alone, bootstraps and leads at first. Default 0. */
  readonly firstLeader?: number
  /** Users; the first one with `all` joins the nodes and asks whether they are ready, so there must be one. */
  readonly users?: ReadonlyArray<RqliteUser>
  /** TLS of the HTTP API. */
  readonly tls?: TlsFiles
  /** Raft heartbeat timeout. Default rqlite's 1 s. */
  readonly raftTimeout?: Duration.Input
  /** Raft election timeout. Default rqlite's 1 s. */
  readonly raftElectionTimeout?: Duration.Input
  /** Raft leader lease; must not exceed the heartbeat timeout. Default rqlite's (0.5 s). */
  readonly raftLeaderLease?: Duration.Input
  /** Further arguments for every node. */
  readonly extraArguments?: ReadonlyArray<string>
  /** One place per node, voters first. Default: all on 127.0.0.1. */
  readonly placements?: ReadonlyArray<RqlitePlacement>
}

/** A node of an rqlite cluster; ports `http` and `raft`. */
export interface RqliteNode extends EngineNode {
  /** HTTP address as the node advertises it, `host:port`. */
  readonly httpAddress: string
  /** Raft address as the node advertises it, `host:port`. */
  readonly raftAddress: string
  /** Whether the node votes. */
  readonly voter: boolean
}

/** A running rqlite cluster. */
export interface RqliteCluster {
  readonly nodes: ReadonlyArray<RqliteNode>
  /** Folder of logs and data. */
  readonly directory: string
}

/**
 * Starts a cluster and waits until every node is caught up and knows a leader. The voter at `firstLeader`
 * leads at first. The cluster ends with the scope.
 */
export const startRqliteCluster = (
  options: RqliteClusterOptions = {}
): Effect.Effect<RqliteCluster, EngineStartError, Scope.Scope> =>
  launchCluster("rqlite", options, async (context) => {
    const places = await placements(options)
    const leader = places[options.firstLeader ?? 0]
    const nodes = places.map((place) =>
      nodePlan(context, options, place, place === leader ? undefined : leader)
    )
    return { nodes, ready: async () => firstReason(nodes.map((node) => node.synced(places.length))) }
  }).pipe(
    Effect.map(({ directory, nodes }) => ({
      directory,
      nodes: nodes.map(({ plan, node }) => extendNode(node, plan.addresses))
    }))
  )

interface RqlitePlan extends NodePlan {
  readonly addresses: Pick<RqliteNode, "httpAddress" | "raftAddress" | "voter">
  /** Why the node is not a caught-up member of a cluster of `count` nodes. */
  readonly synced: (count: number) => Promise<NotYet>
}

interface Place extends Required<Omit<RqlitePlacement, "controlHost" | "namespace">> {
  readonly controlHost: string
  readonly bindHost: string
  readonly namespace: string | undefined
  readonly voter: boolean
}

const placements = async (options: RqliteClusterOptions): Promise<ReadonlyArray<Place>> => {
  const nonVoters = options.nonVoters ?? 0
  const voters =
    options.voters ?? (options.placements === undefined ? 3 : options.placements.length - nonVoters)
  const count = voters + nonVoters
  const ports = await freePorts(2 * count)
  return Array.from({ length: count }, (_, index): Place => {
    const given: RqlitePlacement = options.placements?.[index] ?? { host: "127.0.0.1" }
    const fixed = given.namespace !== undefined
    return {
      id: given.id ?? String(index + 1),
      host: given.host,
      controlHost: given.controlHost ?? given.host,
      bindHost: given.controlHost === undefined ? given.host : "0.0.0.0",
      namespace: given.namespace,
      httpPort: given.httpPort ?? (fixed ? 4001 : (ports[2 * index] ?? 0)),
      raftPort: given.raftPort ?? (fixed ? 4002 : (ports[2 * index + 1] ?? 0)),
      voter: index < voters
    }
  })
}

const nodePlan = (
  { directory, program }: LaunchContext,
  options: RqliteClusterOptions,
  place: Place,
  leader: Place | undefined
): RqlitePlan => {
  const data = join(directory, "data", place.id)
  mkdirSync(data, { recursive: true })
  const { host, httpPort, raftPort, voter } = place
  const url = `${options.tls === undefined ? "http" : "https"}://${place.controlHost}:${httpPort}`
  const admin = options.users?.find(({ perms }) => perms.includes("all"))
  const ask = (path: string) =>
    httpAnswer(`${url}${path}`, {
      ...(admin === undefined ? {} : { user: { username: admin.username, password: admin.password ?? "" } }),
      ...(options.tls === undefined ? {} : { tls: options.tls })
    })
  return {
    id: place.id,
    url,
    ports: { http: httpPort, raft: raftPort },
    wave: leader === undefined ? 0 : voter ? 1 : 2,
    addresses: { httpAddress: `${host}:${httpPort}`, raftAddress: `${host}:${raftPort}`, voter },
    process: {
      command: [program, ...nodeArguments(directory, options, place, leader), data],
      ...(place.namespace === undefined ? {} : { namespace: place.namespace })
    },
    ready: async () => {
      const { body, status } = await ask("/readyz")
      return status === 200 ? undefined : `/readyz answered ${status} ${body.trim()}`
    },
    synced: async (count) => {
      const { body, status } = await ask("/readyz?sync&timeout=1s")
      if (status !== 200) return `/readyz?sync answered ${status} ${body.trim()}`
      const members: unknown = JSON.parse((await ask("/status?key=store.nodes")).body)
      return Array.isArray(members) && members.length === count
        ? undefined
        : `node ${place.id} knows not all nodes`
    }
  }
}

const nodeArguments = (
  directory: string,
  options: RqliteClusterOptions,
  place: Place,
  leader: Place | undefined
): ReadonlyArray<string> => [
  `-node-id=${place.id}`,
  `-http-addr=${place.bindHost}:${place.httpPort}`,
  `-http-adv-addr=${place.host}:${place.httpPort}`,
  `-raft-addr=${place.bindHost}:${place.raftPort}`,
  `-raft-adv-addr=${place.host}:${place.raftPort}`,
  ...(leader === undefined
    ? []
    : [`-join=${leader.host}:${leader.raftPort}`, "-join-attempts=100", "-join-interval=300ms"]),
  ...(place.voter ? [] : ["-raft-non-voter"]),
  ...durationArgument("-raft-timeout", options.raftTimeout),
  ...durationArgument("-raft-election-timeout", options.raftElectionTimeout),
  ...durationArgument("-raft-leader-lease-timeout", options.raftLeaderLease),
  ...authArguments(directory, options.users),
  ...tlsArguments(options.tls),
  ...(options.extraArguments ?? [])
]

const durationArgument = (flag: string, value: Duration.Input | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`${flag}=${Duration.toMillis(Duration.fromInputUnsafe(value))}ms`]

const authArguments = (directory: string, users: RqliteClusterOptions["users"]): ReadonlyArray<string> => {
  if (users === undefined) return []
  const path = join(directory, "auth.json")
  writeFileSync(path, JSON.stringify(users), { mode: 0o600 })
  const admin = users.find(({ perms }) => perms.includes("all"))
  return ["-auth", path, ...(admin === undefined ? [] : ["-join-as", admin.username])]
}

const tlsArguments = (tls: TlsFiles | undefined): ReadonlyArray<string> =>
  tls === undefined
    ? []
    : [
        `-http-cert=${tls.certificate}`,
        `-http-key=${tls.key}`,
        ...(tls.authority === undefined ? [] : [`-http-ca-cert=${tls.authority}`]),
        ...(tls.verifyClient === true ? ["-http-verify-client"] : [])
      ]

const firstReason = async (reasons: ReadonlyArray<Promise<NotYet>>): Promise<NotYet> =>
  (await Promise.all(reasons)).find((reason) => reason !== undefined)
