/** The load metrics port: how busy each node is, as one snapshot. */
import { NodeId } from "@coterie/membership"
import { Context, Effect, Layer, Schema } from "effect"

/** A load: finite and at least 0. */
const Amount = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** Most nodes that one snapshot may report. */
const recordsMax = 10_000

/** The load of one node; a number that is not finite, or below 0, is refused. */
export const LoadRecord = Schema.Struct({
  node: NodeId,
  /** Shards whose group the node leads. */
  shardsLed: Schema.Natural,
  /** Bytes of those shards. */
  bytesStored: Amount,
  writesPerSecond: Amount,
  readsPerSecond: Amount,
  /** Sum over the shards it leads, in a recent window. */
  queriesPerSecond: Amount,
  /** The worst 95th percentile of any shard it leads, in microseconds. */
  p95LatencyMicros: Amount,
  /** 0 to 1. Holds a sweep back when high; not part of the score. */
  cpuUtilization: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
})
/** The load of one node. */
export type LoadRecord = typeof LoadRecord.Type

/** A snapshot: at most 10 000 records, one per node. */
export const LoadSnapshot = Schema.Array(LoadRecord).check(
  Schema.isMaxLength(recordsMax),
  Schema.makeFilter((records) =>
    new Set(records.map(({ node }) => node)).size === records.length ? undefined : "one record per node"
  )
)

/** No trustworthy snapshot could be had; the next sweep asks again. */
export class LoadMetricsUnavailable extends Schema.TaggedError<LoadMetricsUnavailable>()(
  "LoadMetricsUnavailable",
  { detail: Schema.String }
) {
  override get message(): string {
    return `no load metrics: ${this.detail}`
  }
}

/** How busy each node is. */
export class LoadMetrics extends Context.Service<
  LoadMetrics,
  {
    /** The load of every node that reports, in no particular order. Fails with `LoadMetricsUnavailable`. */
    readonly snapshot: Effect.Effect<ReadonlyArray<LoadRecord>, LoadMetricsUnavailable>
  }
>()("@coterie/rebalancer/LoadMetrics") {
  /** Takes snapshots from a source that is not trusted: what it returns is checked against `LoadSnapshot`, what it throws is typed. */
  static readonly layerFrom = <E>(source: Effect.Effect<unknown, E>): Layer.Layer<LoadMetrics> =>
    Layer.succeed(LoadMetrics, {
      snapshot: source.pipe(
        Effect.flatMap(Schema.decodeUnknownEffect(LoadSnapshot)),
        Effect.mapError((error) => new LoadMetricsUnavailable({ detail: String(error) }))
      )
    })
}
