/** Fail-over of `LeasedQuorumElection` beside etcd's own Raft: three processes each on loopback, equal timing, one after the other. */
import { Effect } from "effect"

import { etcdFailovers } from "./failover/etcdFailover.ts"
import { type Exit, LeasedCluster } from "./failover/leasedCluster.ts"
import type { FailoverTiming } from "./failover/settings.ts"
import { percentile } from "./trial/latencies.ts"
import { markdownTable } from "./trial/table.ts"

/** etcd's default timing. */
const timing: FailoverTiming = { heartbeatMillis: 100, leaseMillis: 1000 }

/** Fail-overs of one kind on one side. */
export interface FailoverRow {
  readonly exit: Exit
  readonly system: "coterie" | "etcd"
  readonly rounds: number
  readonly p50Millis: number
  readonly p99Millis: number
}

const row = (exit: Exit, system: FailoverRow["system"], times: ReadonlyArray<number>): FailoverRow => ({
  exit,
  system,
  rounds: times.length,
  p50Millis: percentile(times, 0.5),
  p99Millis: percentile(times, 0.99)
})

const leasedFailovers = async (exit: Exit, rounds: number): Promise<ReadonlyArray<number>> => {
  const cluster = await LeasedCluster.start({ timing })
  try {
    const times: Array<number> = []
    for (let round = 0; round < rounds; round++) times.push(await cluster.failover(exit))
    return times
  } finally {
    await cluster.close()
  }
}

/** Runs `rounds` fail-overs of each kind on each side. */
export const failoverBenchmark = async (rounds: number): Promise<ReadonlyArray<FailoverRow>> => {
  const rows: Array<FailoverRow> = []
  for (const exit of ["kill", "stop", "resign"] as const) {
    rows.push(row(exit, "coterie", await leasedFailovers(exit, rounds)))
    const exits = Array.from({ length: rounds }, () => exit)
    rows.push(row(exit, "etcd", await Effect.runPromise(etcdFailovers(timing, exits))))
  }
  return rows
}

/** The rows for people. */
export const failoverTable = (rows: ReadonlyArray<FailoverRow>): string =>
  markdownTable(
    ["the leader is", "system", "p50", "p99", "rounds"],
    rows.map(({ exit, p50Millis, p99Millis, rounds, system }) => [
      { kill: "killed", stop: "stopped", resign: "asked to hand over" }[exit],
      system,
      `${p50Millis.toFixed(0)} ms`,
      `${p99Millis.toFixed(0)} ms`,
      String(rounds)
    ])
  )
