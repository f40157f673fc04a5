/** What elections cost while nothing happens: three processes each on loopback, equal timing, one system after the other. */
import { setTimeout as delay } from "node:timers/promises"

import { type EngineNode, startEtcdCluster } from "@coterie/tools-engines"
import { Duration, Effect } from "effect"

import { startContenders } from "./failover/contenderCluster.ts"
import { processCost, processTree } from "./failover/processCost.ts"
import { failoverTiming } from "./failover/settings.ts"
import { type ElectionSystem, electionSystems } from "./failover/systems.ts"
import { markdownTable } from "./trial/table.ts"

/** What one system costs; rates are means over its three processes. */
export interface IdleRow {
  readonly system: string
  readonly windowSeconds: number
  readonly cpuMillisPerNodeSecond: number
  /** TCP segments with data, sent. */
  readonly messagesPerNodeSecond: number
  /** Bytes of these, without headers. */
  readonly bytesPerNodeSecond: number
  /** Calls to the lease store, of all three together; undefined for what has none. */
  readonly storeCallsPerSecond: number | undefined
  /** CPU time of the store's own processes together; undefined for what has none. */
  readonly storeCpuMillisPerSecond: number | undefined
}

const nodeCount = 3

/** After a start, until compilers and caches have come to rest. */
const settleMillis = 5000

const pidsOf = (nodes: ReadonlyArray<EngineNode>): ReadonlyArray<number> =>
  nodes.flatMap(({ pid }) => (pid === undefined ? [] : processTree(pid)))

const ours = Effect.fnUntraced(function* (
  system: Exclude<ElectionSystem, { readonly kind: "etcd" }>,
  seconds: number
) {
  const store = system.kind === "lease" ? yield* system.store.start(failoverTiming) : undefined
  const cluster = yield* startContenders({
    timing: failoverTiming,
    ...(store === undefined ? {} : { store: store.place })
  })
  return yield* Effect.promise(async () => {
    await delay(settleMillis)
    const callsBefore = await cluster.storeCalls()
    const [cost, storeCost] = await Promise.all([
      processCost(cluster.pids, seconds),
      processCost(pidsOf(store?.nodes ?? []), seconds)
    ])
    const calls = (await cluster.storeCalls()) - callsBefore
    return {
      cost,
      storeCallsPerSecond: store === undefined ? undefined : calls / cost.seconds,
      storeCpuMillisPerSecond:
        store === undefined || store.nodes.length === 0 ? undefined : storeCost.cpuMillis / storeCost.seconds
    }
  })
}, Effect.scoped)

const etcd = Effect.fnUntraced(function* (seconds: number) {
  const { heartbeatMillis, leaseMillis } = failoverTiming
  const { nodes } = yield* startEtcdCluster({
    nodes: nodeCount,
    heartbeatInterval: Duration.millis(heartbeatMillis),
    electionTimeout: Duration.millis(leaseMillis)
  })
  yield* Effect.promise(() => delay(settleMillis))
  const cost = yield* Effect.promise(() => processCost(pidsOf(nodes), seconds))
  return { cost, storeCallsPerSecond: undefined, storeCpuMillisPerSecond: undefined }
}, Effect.scoped)

const row = (system: ElectionSystem, seconds: number) =>
  Effect.map(
    system.kind === "etcd" ? etcd(seconds) : ours(system, seconds),
    ({ cost, ...store }): IdleRow => {
      const perNodeSecond = (value: number): number => value / cost.seconds / nodeCount
      return {
        system: system.name,
        windowSeconds: cost.seconds,
        cpuMillisPerNodeSecond: perNodeSecond(cost.cpuMillis),
        messagesPerNodeSecond: perNodeSecond(cost.messages),
        bytesPerNodeSecond: perNodeSecond(cost.bytes),
        ...store
      }
    }
  )

/** Measures every system for a while, and says which one is being measured. */
export const idleBenchmark = (
  seconds: number,
  say: (line: string) => void
): Promise<ReadonlyArray<IdleRow>> =>
  Effect.runPromise(
    Effect.forEach(electionSystems("bench election, idle"), (system) =>
      Effect.andThen(
        Effect.sync(() => say(`idle for ${seconds} s: ${system.name}`)),
        row(system, seconds)
      )
    )
  )

const orNone = (value: number | undefined): string => value?.toFixed(1) ?? "-"

/** The rows for people. */
export const idleTable = (rows: ReadonlyArray<IdleRow>): string =>
  markdownTable(
    [
      "idle, per node and second",
      "CPU",
      "messages sent",
      "bytes sent",
      "store calls/s, all nodes",
      "store's own CPU/s",
      "window"
    ],
    rows.map((row) => [
      row.system,
      `${row.cpuMillisPerNodeSecond.toFixed(2)} ms`,
      row.messagesPerNodeSecond.toFixed(1),
      row.bytesPerNodeSecond.toFixed(0),
      orNone(row.storeCallsPerSecond),
      row.storeCpuMillisPerSecond === undefined ? "-" : `${row.storeCpuMillisPerSecond.toFixed(1)} ms`,
      `${row.windowSeconds.toFixed(0)} s`
    ])
  )
