/** What a trial showed. */
import type { Summary } from "./latencies.ts"

/** Latencies of operations through the client's node, all of which the leader answers. */
export interface Latencies {
  readonly writes: Summary
  readonly reads: Summary
}

/** A hand-over that an agent asked for. */
export interface HandOver {
  readonly group: string
  /** Index of the node that was to lead; -1 for none of ours. */
  readonly target: number
  /** How it ended, as the agent saw it. */
  readonly outcome: string
  readonly tookMillis: number
}

/** What a trial showed. Nodes are indexes into the WAN. */
export interface TrialReport {
  readonly engine: string
  readonly scenario: string
  readonly before: Latencies
  readonly after: Latencies
  /** From when all agents had started until the scenario had run its course, in s. */
  readonly secondsToPlace: number
  /** Since the agents were started. */
  readonly longestWriteGapMillis: number
  /** The slowest write, a failed one as well: a request that the engine loses ends when a deadline does. */
  readonly slowestWriteMillis: number
  readonly failedWrites: number
  readonly handOvers: ReadonlyArray<HandOver>
  /** Leaders of the client's group, in order. */
  readonly leaders: ReadonlyArray<number>
  /** Who led each group in the end, undefined where nobody did; only those that somebody should not lead are of interest. */
  readonly finalLeaders: Readonly<Record<string, number | null>>
  /** Changes of leaders, over all groups, less the hand-overs that succeeded. */
  readonly ownElections: number
  /** Terms of the client's group that passed. */
  readonly termsPassed: number
  /** What the scenario waited for in vain. */
  readonly missed: ReadonlyArray<string>
  readonly configuration: { readonly before: string; readonly after: string }
  /** Every request that the agents sent to the engine. */
  readonly engineRequests: Readonly<Record<string, number>>
  /** The agents' decisions, by action and reason. */
  readonly decisions: Readonly<Record<string, number>>
}
