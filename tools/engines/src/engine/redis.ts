/** Starts Redis Clusters. */
import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

import { Duration, Effect, type Scope } from "effect"

import { EngineMissing, type EngineStartError } from "../EngineError.ts"
import type { EngineNode } from "../EngineNode.ts"
import { freePorts } from "../freePorts.ts"
import { launchCluster, type LaunchOptions, type NodePlan } from "../launchCluster.ts"
import { locateCompanion } from "../locate.ts"
import type { NotYet } from "../pollUntil.ts"

const run = promisify(execFile)

/** Options of a cluster; the defaults make three masters without replicas. */
export interface RedisClusterOptions extends LaunchOptions {
  /** Number of masters that share the slots; at least 3. Default 3. */
  readonly masters?: number
  /** Number of replicas per master. Default 0. */
  readonly replicasPerMaster?: number
  /** Number of further nodes in cluster mode that belong to no cluster yet. Default 0. */
  readonly spares?: number
  /** Silence after which a node counts as failing. Default 2 s. */
  readonly nodeTimeout?: Duration.Input
  /** Further arguments for every node. */
  readonly extraArguments?: ReadonlyArray<string>
}

/** A running Redis Cluster; every node has the ports `client` and `bus`. */
export interface RedisCluster {
  /** The cluster's nodes. */
  readonly nodes: ReadonlyArray<EngineNode>
  /** Nodes outside the cluster, for joining. */
  readonly spares: ReadonlyArray<EngineNode>
  /** Runs `redis-cli` against a node and answers its output; rejects (as a defect) when it fails. */
  readonly command: (node: EngineNode, ...words: ReadonlyArray<string>) => Effect.Effect<string>
  /** Folder of logs and data. */
  readonly directory: string
}

/** Starts a cluster and waits until every node says `cluster_state:ok`. Ends with the scope. */
export const startRedisCluster = (
  options: RedisClusterOptions = {}
): Effect.Effect<RedisCluster, EngineStartError, Scope.Scope> =>
  Effect.gen(function* () {
    const cli = locateCompanion("redis", "redis-cli")
    if (cli === undefined) {
      return yield* new EngineMissing({ engine: "redis", binary: "redis-cli", variable: "REDIS_SERVER" })
    }
    const replicas = options.replicasPerMaster ?? 0
    const size = (options.masters ?? 3) * (1 + replicas)
    const launched = yield* launchCluster("redis", options, async ({ directory, program }) => {
      const nodes = await planNodes({ program, directory, cli, count: size + (options.spares ?? 0), options })
      const members = nodes.slice(0, size)
      const addresses = members.map(({ ports }) => `127.0.0.1:${ports["client"]}`)
      return {
        nodes,
        join: async (signal) => {
          const words = [
            "--cluster",
            "create",
            ...addresses,
            "--cluster-replicas",
            String(replicas),
            "--cluster-yes"
          ]
          await run(cli, words, { signal })
        },
        ready: async () => firstReason(members.map((member) => clusterReason(cli, member, size)))
      }
    })
    const nodes = launched.nodes.map(({ node }) => node)
    return {
      directory: launched.directory,
      nodes: nodes.slice(0, size),
      spares: nodes.slice(size),
      command: (node, ...words) => Effect.promise(() => ask(cli, node.ports["client"], words))
    } satisfies RedisCluster
  })

interface PlanParts {
  readonly program: string
  readonly directory: string
  readonly cli: string
  readonly count: number
  readonly options: RedisClusterOptions
}

const planNodes = async ({
  program,
  directory,
  cli,
  count,
  options
}: PlanParts): Promise<ReadonlyArray<NodePlan>> => {
  const ports = await freePorts(2 * count)
  const timeoutMillis = Duration.toMillis(Duration.fromInputUnsafe(options.nodeTimeout ?? "2 seconds"))
  return Array.from({ length: count }, (_, index): NodePlan => {
    const id = `n${index + 1}`
    const data = join(directory, "data", id)
    mkdirSync(data)
    const client = ports[2 * index] ?? 0
    const bus = ports[2 * index + 1] ?? 0
    const configurationPath = join(directory, `${id}.conf`)
    writeFileSync(configurationPath, configuration({ client, bus, data, timeoutMillis }))
    return {
      id,
      url: `redis://127.0.0.1:${client}`,
      ports: { client, bus },
      process: {
        command: [program, configurationPath, ...(options.extraArguments ?? [])]
      },
      ready: async () => {
        const info = await ask(cli, client, ["cluster", "info"])
        const serves = info.includes("cluster_state:ok") || info.includes("cluster_known_nodes:1\r")
        return serves ? undefined : info.replaceAll("\r\n", " ").slice(0, 120)
      }
    }
  })
}

interface ConfigurationParts {
  readonly client: number
  readonly bus: number
  readonly data: string
  readonly timeoutMillis: number
}

const configuration = ({ client, bus, data, timeoutMillis }: ConfigurationParts): string => `
bind 127.0.0.1
port ${client}
dir ${data}
save ""
appendonly yes
cluster-enabled yes
cluster-config-file nodes.conf
cluster-port ${bus}
cluster-node-timeout ${timeoutMillis}
`

const clusterReason = async (cli: string, node: NodePlan, size: number): Promise<NotYet> => {
  const info = await ask(cli, node.ports["client"], ["cluster", "info"])
  return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${size}\r`)
    ? undefined
    : `node ${node.id} says ${info.replaceAll("\r\n", " ").slice(0, 120)}`
}

const ask = async (cli: string, port: number | undefined, words: ReadonlyArray<string>): Promise<string> =>
  (await run(cli, ["-h", "127.0.0.1", "-p", String(port), "-e", ...words], { timeout: 5000 })).stdout

const firstReason = async (reasons: ReadonlyArray<Promise<NotYet>>): Promise<NotYet> =>
  (await Promise.all(reasons)).find((reason) => reason !== undefined)
