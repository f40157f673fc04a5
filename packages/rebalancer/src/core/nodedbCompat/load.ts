/** What a node reports about its load, and the one number it is judged by. */

/** The load of one node; every number is finite and at least 0. */
export interface LoadRecord {
  readonly node: string
  /** Shards whose group the node leads. */
  readonly shardsLed: number
  /** Bytes of those shards. */
  readonly bytesStored: number
  readonly writesPerSecond: number
  readonly readsPerSecond: number
  /** Sum over the shards it leads, in a recent window. */
  readonly queriesPerSecond: number
  /** The worst 95th percentile of any shard it leads, in microseconds. */
  readonly p95LatencyMicros: number
  /** 0 to 1. Not part of the score: it only holds a sweep back. */
  readonly cpuUtilization: number
}

/** What one unit of each kind of load adds to the score. */
export interface LoadWeights {
  readonly shards: number
  readonly mebibytes: number
  readonly writes: number
  readonly reads: number
  readonly queries: number
  readonly latencyMillis: number
}

const bytesPerMebibyte = 1_048_576

/** The weighted sum of a node's load. */
export const normalizedScore = (record: LoadRecord, weights: LoadWeights): number =>
  weights.shards * record.shardsLed +
  weights.mebibytes * (record.bytesStored / bytesPerMebibyte) +
  weights.writes * record.writesPerSecond +
  weights.reads * record.readsPerSecond +
  weights.queries * record.queriesPerSecond +
  weights.latencyMillis * (record.p95LatencyMicros / 1000)
