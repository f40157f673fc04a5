/** A scenario of the comparison: a cluster, what is done to it, and the figures that come of it with their targets. */
import type { Cluster, ClusterOptions } from "./Cluster.ts"

/** One number that a run yields. */
export interface Figure {
  readonly key: string
  readonly what: string
  /** `s`, `%` and the like; empty for a count. */
  readonly unit: string
  /** Digits after the point: what is shown is what is judged. */
  readonly digits: number
  /** Bounds for the median over the rounds of ours; without them the figure only informs. */
  readonly target?: { readonly min?: number; readonly max: number }
}

/** Figures of one run by key; infinite for what did not happen in the time that it was given. */
export type Figures = Readonly<Record<string, number>>

/** One scenario, equal for both systems. */
export interface Scenario {
  readonly name: string
  readonly what: string
  readonly nodes: number
  /** Rounds when the command does not say. */
  readonly rounds: number
  readonly cluster: Pick<ClusterOptions, "apart" | "sealed" | "paceMillis">
  /** Profile of each; undefined for a system that has no such thing. */
  readonly profiles: {
    readonly ours: ClusterOptions["profile"]
    readonly memberlist: ClusterOptions["profile"] | undefined
  }
  /** Whether the nodes must all see each other before it begins. */
  readonly fromConverged: boolean
  readonly figures: ReadonlyArray<Figure>
  readonly measure: (cluster: Cluster) => Promise<Figures>
}
