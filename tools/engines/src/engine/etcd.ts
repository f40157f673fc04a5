/** Starts etcd clusters. */
import { join } from "node:path"

import { Duration, Effect, type Scope } from "effect"

import type { EngineStartError } from "../EngineError.ts"
import { type EngineNode, extendNode } from "../EngineNode.ts"
import { freePorts } from "../freePorts.ts"
import { httpAnswer } from "../httpAnswer.ts"
import { launchCluster, type LaunchOptions, type NodePlan } from "../launchCluster.ts"

/** Where one etcd member runs; like an rqlite placement. */
export interface EtcdPlacement {
  /** Address that the member advertises and listens on. */
  readonly host: string
  /** Address at which this process reaches the member, when that is not `host`; it then listens on all. */
  readonly controlHost?: string
  /** Network namespace to run in; needs root. Default: this process's own. */
  readonly namespace?: string
}

/** Options of a cluster; the defaults make three members on loopback. */
export interface EtcdClusterOptions extends LaunchOptions {
  /** Number of members. Default 3, or the number of placements. */
  readonly nodes?: number
  /** Interval of the leader's heartbeats. Default etcd's 100 ms. */
  readonly heartbeatInterval?: Duration.Input
  /** Election timeout, at least 5 heartbeat intervals. Default etcd's 1 s. */
  readonly electionTimeout?: Duration.Input
  /** Further arguments for every member. */
  readonly extraArguments?: ReadonlyArray<string>
  /** One place per member. Default: all on 127.0.0.1. */
  readonly placements?: ReadonlyArray<EtcdPlacement>
}

/** A member of an etcd cluster; ports `client` and `peer`; `url` is the JSON gateway's too. */
export interface EtcdNode extends EngineNode {
  /** Client URL as the member advertises it. */
  readonly clientUrl: string
  /** Peer URL as the member advertises it. */
  readonly peerUrl: string
}

/** A running etcd cluster. */
export interface EtcdCluster {
  readonly nodes: ReadonlyArray<EtcdNode>
  /** Folder of logs and data. */
  readonly directory: string
}

/** Starts a cluster and waits until every member is healthy (so there is a leader). Ends with the scope. */
export const startEtcdCluster = (
  options: EtcdClusterOptions = {}
): Effect.Effect<EtcdCluster, EngineStartError, Scope.Scope> =>
  launchCluster("etcd", options, async ({ directory, program }) => {
    const members = await placeMembers(options)
    const initialCluster = members.map(({ id, peerUrl }) => `${id}=${peerUrl}`).join(",")
    return {
      nodes: members.map((member): EtcdPlan => ({
        id: member.id,
        url: `http://${member.controlHost}:${member.clientPort}`,
        ports: { client: member.clientPort, peer: member.peerPort },
        addresses: { clientUrl: member.clientUrl, peerUrl: member.peerUrl },
        process: {
          command: [
            program,
            `--name=${member.id}`,
            `--data-dir=${join(directory, "data", member.id)}`,
            `--listen-client-urls=http://${member.bindHost}:${member.clientPort}`,
            `--advertise-client-urls=${member.clientUrl}`,
            `--listen-peer-urls=http://${member.bindHost}:${member.peerPort}`,
            `--initial-advertise-peer-urls=${member.peerUrl}`,
            `--initial-cluster=${initialCluster}`,
            "--initial-cluster-state=new",
            ...millisArgument("--heartbeat-interval", options.heartbeatInterval),
            ...millisArgument("--election-timeout", options.electionTimeout),
            ...(options.extraArguments ?? [])
          ],
          ...(member.namespace === undefined ? {} : { namespace: member.namespace })
        },
        ready: async () => {
          const { body, status } = await httpAnswer(
            `http://${member.controlHost}:${member.clientPort}/health`
          )
          return status === 200 ? undefined : `/health answered ${status} ${body.trim()}`
        }
      }))
    }
  }).pipe(
    Effect.map(({ directory, nodes }) => ({
      directory,
      nodes: nodes.map(({ plan, node }) => extendNode(node, plan.addresses))
    }))
  )

interface EtcdPlan extends NodePlan {
  readonly addresses: Pick<EtcdNode, "clientUrl" | "peerUrl">
}

const placeMembers = async (options: EtcdClusterOptions) => {
  const count = options.nodes ?? options.placements?.length ?? 3
  const ports = await freePorts(2 * count)
  return Array.from({ length: count }, (_, index) => {
    const place: EtcdPlacement = options.placements?.[index] ?? { host: "127.0.0.1" }
    const isolated = place.namespace !== undefined
    const clientPort = isolated ? 2379 : (ports[2 * index] ?? 0)
    const peerPort = isolated ? 2380 : (ports[2 * index + 1] ?? 0)
    return {
      id: `n${index + 1}`,
      namespace: place.namespace,
      controlHost: place.controlHost ?? place.host,
      bindHost: place.controlHost === undefined ? place.host : "0.0.0.0",
      clientPort,
      peerPort,
      clientUrl: `http://${place.host}:${clientPort}`,
      peerUrl: `http://${place.host}:${peerPort}`
    }
  })
}

const millisArgument = (flag: string, value: Duration.Input | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`${flag}=${Duration.toMillis(Duration.fromInputUnsafe(value))}`]
