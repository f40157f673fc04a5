/** What happened at a node, as the API and `coterie events` tell it. */
import { Decision } from "@coterie/locality"
import { MemberState } from "@coterie/membership"
import { Schema } from "effect"

const head = {
  /** Rises by one from event to event; a node that was restarted goes on with higher numbers. */
  id: Schema.Int,
  /** Wall time of the node, RFC 3339 UTC. */
  at: Schema.String
}

/** One event; its tag is also the name of the server-sent event. */
export const AgentEvent = Schema.TaggedUnion({
  /** A member is seen in another state, or is another process or says something else of itself; `from` is absent for one that is new. */
  member: {
    ...head,
    change: Schema.Literals(["joined", "updated", "restarted", "suspected", "recovered", "failed", "left"]),
    member: Schema.String,
    from: Schema.optional(MemberState),
    to: MemberState,
    reason: Schema.String
  },
  /** Something about this node itself or its network, by a word for scripts and a clause for people. */
  notice: {
    ...head,
    notice: Schema.String,
    reason: Schema.String,
    /** Whom it is about, where that is another node that gave its name; of one that is not let in it is a claim. */
    member: Schema.optional(Schema.String),
    /** Where that node is. */
    address: Schema.optional(Schema.String)
  },
  /** The agents have another leader, or none. */
  leader: { ...head, leader: Schema.optional(Schema.String), term: Schema.Finite },
  /** A group's leadership was asked to move. */
  locality: { ...head, decision: Decision }
})
/** One event. */
export type AgentEvent = typeof AgentEvent.Type

/** An event before it has a number and a time. */
export type Happening = AgentEvent extends infer E
  ? E extends AgentEvent
    ? Omit<E, "id" | "at">
    : never
  : never

/** In a stream of events: some are not kept any more, between `after`, the last that the reader had, and `next`. */
export const EventGap = Schema.TaggedStruct("gap", { after: Schema.Int, next: Schema.Int })
/** A gap in a stream of events. */
export type EventGap = typeof EventGap.Type
