/** What the policies over a whole matrix see of one group: voters, the distances between them, and what stands in the way. */

/** Round trip between two voters in ms, with how well it is known. Measured: `loMillis` equals `hiMillis`. */
export interface Distance {
  readonly loMillis: number
  /** Infinity when nothing bounds it. */
  readonly hiMillis: number
  /** How far a measured value may be off, in ms. */
  readonly errorMillis: number
  /** `measured` counts; the others are intervals, or what was last known. */
  readonly basis: "measured" | "stale" | "missing"
  /** The link answers now. */
  readonly up: boolean
  readonly ageMillis: number
}

/** Why a voter may not be chosen although it is alive. */
export type Ineligibility = "draining" | "excluded" | "lagging"

/** A voter of the group. */
export interface QuorumVoter {
  readonly id: string
  /** Its process answers. */
  readonly alive: boolean
  /** Undefined when it may lead. */
  readonly ineligible: Ineligibility | undefined
  /** Time to append to its log, in ms; 0 when unknown. */
  readonly appendMillis: number
  /** Cost of leading from here that has nothing to do with distance, in ms; 0 for none. */
  readonly penaltyMillis: number
}

/** Where requests that the leader answers come from. */
export interface RequestOrigin {
  /** Share of all requests; the shares of a group sum to 1. */
  readonly share: number
  /** Distance to each voter, in the order of the voters. */
  readonly distances: ReadonlyArray<Distance>
}

/** A group as a policy sees it; times are monotonic ms of one node. */
export interface QuorumView {
  readonly nowMillis: number
  /** The local engine node. */
  readonly self: string
  readonly leader: string | undefined
  readonly term: number | undefined
  /** The engine is between leaders, or a transfer is under way. */
  readonly electing: boolean
  readonly voters: ReadonlyArray<QuorumVoter>
  /** Between voters, by index and index; last known where a voter is dead. */
  readonly distances: ReadonlyArray<ReadonlyArray<Distance>>
  /** Empty when nobody counts requests: clients then weigh nothing. */
  readonly origins: ReadonlyArray<RequestOrigin>
  /** The node is told to do nothing. */
  readonly paused: boolean
  /** The node is about to go away and should lead nothing. */
  readonly draining: boolean
  /** The engine lets a transfer name its target. */
  readonly targeted: boolean
  /** What is left until this agent may transfer again after others of its groups; 0 when it may. */
  readonly agentRestMillis: number
}

/** A distance that was measured. */
export const measuredDistance = (millis: number, errorMillis = 0, ageMillis = 0): Distance => ({
  loMillis: millis,
  hiMillis: millis,
  errorMillis,
  basis: "measured",
  up: true,
  ageMillis
})
