/** What leadership would be if: the answer to assumptions such as `n3 down` and `zone b +80ms`. */
import { Schema } from "effect"

/** Leadership of a group in one world; scores in ms per operation, absent where nothing is known that bounds them. */
export const PlacementReport = Schema.Struct({
  /** Absent when it is down. */
  leader: Schema.optional(Schema.String),
  leaderMillis: Schema.optional(Schema.Finite),
  /** The voter that the policy would choose; absent when nobody may lead. */
  best: Schema.optional(Schema.String),
  bestMillis: Schema.optional(Schema.Finite),
  /** No voter reaches a quorum: nothing can be written. */
  quorumLost: Schema.Boolean,
  /** The transfer that the agent would make once its waits are over, */
  target: Schema.optional(Schema.String),
  /** or the tag of the `StayReason` why it would make none. */
  reason: Schema.optional(Schema.String)
})
/** Leadership of a group in one world. */
export type PlacementReport = typeof PlacementReport.Type

/** A group before and after what is assumed. */
export const GroupPlanReport = Schema.Struct({
  group: Schema.String,
  before: PlacementReport,
  after: PlacementReport,
  /** For each voter that is up afterwards, by id: what it costs to lose it too. */
  losses: Schema.Array(
    Schema.Struct({
      voter: Schema.String,
      quorumLost: Schema.Boolean,
      /** How much dearer an operation becomes under the best leader that remains, in ms. */
      costMillis: Schema.optional(Schema.Finite)
    })
  )
})
/** A group before and after what is assumed. */
export type GroupPlanReport = typeof GroupPlanReport.Type

/** Text that is no assumption. */
export class AssumptionInvalid extends Schema.TaggedError<AssumptionInvalid>()("AssumptionInvalid", {
  text: Schema.String,
  /** The part that is wrong, and where in the text it begins, from 0. */
  part: Schema.String,
  at: Schema.Int,
  /** What would be right. */
  expected: Schema.String
}) {
  override get message(): string {
    return `"${this.text}": "${this.part}" at ${this.at} is not right; expected ${this.expected}`
  }
}
