/** Starts NATS clusters with JetStream. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { Effect, type Scope } from "effect"

import type { EngineStartError } from "../EngineError.ts"
import type { EngineNode } from "../EngineNode.ts"
import { freePorts } from "../freePorts.ts"
import { httpAnswer } from "../httpAnswer.ts"
import { launchCluster, type LaunchOptions } from "../launchCluster.ts"

/** Where one NATS server runs; like an rqlite placement. */
export interface NatsPlacement {
  /** Address that the server advertises and listens on. */
  readonly host: string
  /** Address at which this process reaches the server, when that is not `host`; it then listens on all. */
  readonly controlHost?: string
  /** Network namespace to run in; needs root. Default: this process's own. */
  readonly namespace?: string
  /** Tags for placement, such as `region:east`. Default none. */
  readonly tags?: ReadonlyArray<string>
}

/** Options of a cluster; the defaults make three servers on loopback. */
export interface NatsClusterOptions extends LaunchOptions {
  /** Number of servers. Default 3, or the number of placements. */
  readonly nodes?: number
  /** One place per server. Default: all on 127.0.0.1. */
  readonly placements?: ReadonlyArray<NatsPlacement>
  /** Further lines for every server's configuration file. */
  readonly extraConfiguration?: string
}

/** Credentials of a NATS user. */
export interface NatsUser {
  readonly username: string
  readonly password: string
}

/** A running NATS cluster. Server names (`n1`, ...) are the nodes' ids; ports `client`, `monitor`, `cluster`. */
export interface NatsCluster {
  readonly nodes: ReadonlyArray<EngineNode>
  /** Name of the cluster. */
  readonly name: string
  /** User of the account that has JetStream; also what a client without credentials becomes. */
  readonly user: NatsUser
  /** User of the system account, for `$SYS.>` and the meta group's step-down. */
  readonly systemUser: NatsUser
  /** The nodes' monitoring URLs, in the same order. */
  readonly monitorUrls: ReadonlyArray<string>
  /** Folder of logs and data. */
  readonly directory: string
}

const clusterName = "coterie"
const user: NatsUser = { username: "app", password: "app" }
const systemUser: NatsUser = { username: "sys", password: "sys" }

/**
 * Starts a cluster and waits until every server's JetStream is healthy: the meta group has a leader and the
 * server is current. Ends with the scope.
 */
export const startNatsCluster = (
  options: NatsClusterOptions = {}
): Effect.Effect<NatsCluster, EngineStartError, Scope.Scope> =>
  launchCluster("nats", options, async ({ directory, program }) => {
    const servers = await placeServers(options)
    const routes = servers.map(({ host, clusterPort }) => `nats://${host}:${clusterPort}`)
    return {
      nodes: servers.map((server) => {
        const path = join(directory, `${server.id}.conf`)
        const storage = join(directory, "data", server.id)
        writeFileSync(
          path,
          configuration({ server, storage, routes, extra: options.extraConfiguration ?? "" })
        )
        const monitor = `http://${server.controlHost}:${server.monitorPort}`
        return {
          id: server.id,
          url: `nats://${server.controlHost}:${server.clientPort}`,
          ports: { client: server.clientPort, monitor: server.monitorPort, cluster: server.clusterPort },
          monitor,
          process: {
            command: [program, "-c", path] as const,
            ...(server.namespace === undefined ? {} : { namespace: server.namespace })
          },
          ready: async () => {
            const { body, status } = await httpAnswer(`${monitor}/healthz`)
            return status === 200 ? undefined : `/healthz answered ${status} ${body.trim()}`
          }
        }
      })
    }
  }).pipe(
    Effect.map(({ directory, nodes }) => ({
      directory,
      name: clusterName,
      user,
      systemUser,
      monitorUrls: nodes.map(({ plan }) => plan.monitor),
      nodes: nodes.map(({ node }) => node)
    }))
  )

const placeServers = async (options: NatsClusterOptions) => {
  const count = options.nodes ?? options.placements?.length ?? 3
  const ports = await freePorts(3 * count)
  return Array.from({ length: count }, (_, index) => {
    const place: NatsPlacement = options.placements?.[index] ?? { host: "127.0.0.1" }
    const isolated = place.namespace !== undefined
    return {
      id: `n${index + 1}`,
      namespace: place.namespace,
      tags: place.tags ?? [],
      host: place.host,
      controlHost: place.controlHost ?? place.host,
      bindHost: place.controlHost === undefined ? place.host : "0.0.0.0",
      clientPort: isolated ? 4222 : (ports[3 * index] ?? 0),
      monitorPort: isolated ? 8222 : (ports[3 * index + 1] ?? 0),
      clusterPort: isolated ? 6222 : (ports[3 * index + 2] ?? 0)
    }
  })
}

type Server = Awaited<ReturnType<typeof placeServers>>[number]

interface ConfigurationParts {
  readonly server: Server
  readonly storage: string
  readonly routes: ReadonlyArray<string>
  readonly extra: string
}

const configuration = ({ server, storage, routes, extra }: ConfigurationParts): string => `
server_name: ${server.id}
server_tags: ${JSON.stringify(server.tags)}
listen: "${server.bindHost}:${server.clientPort}"
client_advertise: "${server.host}:${server.clientPort}"
http: "${server.bindHost}:${server.monitorPort}"
jetstream { store_dir: ${JSON.stringify(storage)}, max_memory_store: 256MB, max_file_store: 1GB }
cluster {
  name: ${clusterName}
  listen: "${server.bindHost}:${server.clusterPort}"
  cluster_advertise: "${server.host}:${server.clusterPort}"
  routes: ${JSON.stringify(routes)}
}
accounts {
  SYS { users: [{ user: ${systemUser.username}, password: ${systemUser.password} }] }
  APP { jetstream: enabled, users: [{ user: ${user.username}, password: ${user.password} }] }
}
system_account: SYS
no_auth_user: ${user.username}
${extra}
`
