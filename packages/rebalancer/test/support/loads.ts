/** Load records for tests. */
import type { LoadRecord, LoadWeights } from "../../src/core/nodedbCompat/load.ts"

export const mebibyte = 1_048_576

export const defaultWeights: LoadWeights = {
  shards: 1,
  mebibytes: 1,
  writes: 1,
  reads: 1,
  queries: 1,
  latencyMillis: 0.001
}

export const load = (node: string, fields: Partial<LoadRecord> = {}): LoadRecord => ({
  node,
  shardsLed: 0,
  bytesStored: 0,
  writesPerSecond: 0,
  readsPerSecond: 0,
  queriesPerSecond: 0,
  p95LatencyMicros: 0,
  cpuUtilization: 0,
  ...fields
})

/** The load of a node that leads this many shards, of this many MiB, with this many writes and reads per second. */
export const busy = (
  node: string,
  [shardsLed, mebibytes, writesPerSecond, readsPerSecond]: readonly [number, number, number, number]
): LoadRecord => load(node, { shardsLed, bytesStored: mebibytes * mebibyte, writesPerSecond, readsPerSecond })
