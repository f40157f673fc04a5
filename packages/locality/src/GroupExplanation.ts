/** Why a group's leadership is where it is: the numbers, the rule that decided, and what stands in the way of something better. */
import { Schema } from "effect"

import { LocalityAction, LocalityMode } from "./Decision.ts"
import { PolicyName } from "./LocalityOptions.ts"

/** Why a voter may not be given leadership: it does not answer, goes away, is excluded, is behind, or was not reached lately. */
export const VoterObstacle = Schema.Literals(["away", "draining", "excluded", "lagging", "failedLately"])
/** Why a voter may not be given leadership. */
export type VoterObstacle = typeof VoterObstacle.Type

/** A voter as leader, one that is away as if it were back, in ms per operation; a number is left out where nothing is known that bounds it. */
export const VoterExplanation = Schema.Struct({
  id: Schema.String,
  /** Round trip from the local engine node; absent for that node, and where it was not measured. */
  rttMillis: Schema.optional(Schema.Finite),
  /** T: the clients' way to it. */
  clientMillis: Schema.optional(Schema.Finite),
  /** C: its round trip to a quorum. */
  commitMillis: Schema.optional(Schema.Finite),
  /** P: what leading from here costs beside distance. */
  penaltyMillis: Schema.optional(Schema.Finite),
  /** S = T + rho C + P: what an operation is expected to cost. */
  scoreMillis: Schema.optional(Schema.Finite),
  /** Absent when it may lead, and where this node does not look into it. */
  obstacle: Schema.optional(VoterObstacle)
})
/** A voter as leader. */
export type VoterExplanation = typeof VoterExplanation.Type

/** Why a group's leadership is where it is. */
export const GroupExplanation = Schema.Struct({
  group: Schema.String,
  self: Schema.optional(Schema.String),
  leader: Schema.optional(Schema.String),
  term: Schema.optional(Schema.Finite),
  policy: PolicyName,
  mode: LocalityMode,
  /** One sentence for a person, such as "would gain 231 ms per write at n2; blocked: settling, 41 s left". */
  summary: Schema.String,
  /** The newest decision's action; the tag of its reason, or of its outcome, names the rule that fired. Waits are what is left of them now. */
  action: LocalityAction,
  /** Whole ms since that decision. */
  decidedAgoMillis: Schema.Finite,
  /** The voter that the policy would choose, the leader included, whatever stands in the way; absent where that is not known. */
  best: Schema.optional(Schema.String),
  /** What `best` would save for certain, in ms per operation, */
  gainMillis: Schema.optional(Schema.Finite),
  /** and what it would have to save. */
  neededMillis: Schema.optional(Schema.Finite),
  /** Sorted by id; with numbers only where this node leads. Empty when the engine could not be read. */
  voters: Schema.Array(VoterExplanation)
})
/** Why a group's leadership is where it is. */
export type GroupExplanation = typeof GroupExplanation.Type

/** Nothing was decided about the group yet, or the engine does not have it. */
export class NotDecided extends Schema.TaggedError<NotDecided>()("NotDecided", {
  group: Schema.String,
  /** Groups with a decision, at most 20. */
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `no decision about group ${this.group} yet; there are some about: ${this.known.join(", ") || "none"}`
  }
}
