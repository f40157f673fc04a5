/** The wire form of the embedded group's messages, with bounds: a voter believes nothing that it has not decoded. */
import { Effect, Metric, Schema } from "effect"

import type { GroupMessage } from "./core/GroupState.ts"

/** Most characters of the group's value. */
export const valueLengthMax = 256

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e9 }))
const Id = Schema.String.check(Schema.isMaxLength(128))
const Position = Schema.Struct({ term: Count, index: Count })
const envelope = { from: Id, to: Id, term: Count }

/** The group's value, and what a write writes. */
export const Value = Schema.String.check(Schema.isMaxLength(valueLengthMax))

const Message = Schema.TaggedUnion({
  VoteRequest: { ...envelope, pre: Schema.Boolean, transfer: Schema.Boolean, held: Position },
  VoteReply: { ...envelope, asked: Count, pre: Schema.Boolean, granted: Schema.Boolean },
  Append: { ...envelope, held: Position, value: Value, committed: Count },
  AppendReply: { ...envelope, held: Position },
  TimeoutNow: envelope
})

const Messages = Schema.Array(Message).check(Schema.isMaxLength(8))

/** Messages as they arrived, or none when they cannot be read. */
export const decodeMessages = (payload: Schema.Json): Effect.Effect<ReadonlyArray<GroupMessage>> =>
  Schema.decodeUnknownEffect(Messages)(payload).pipe(
    Effect.catch((error) => Effect.as(countDropped("unreadable", error.message.slice(0, 300)), []))
  )

/** Messages as they are sent. */
export const encodeMessages = (messages: ReadonlyArray<GroupMessage>): Schema.Json =>
  messages.map((message) => ({ ...message }))

const dropped = Metric.counter("embedded_group_messages_dropped_total", {
  description: "Messages of the embedded group that had no effect, by reason",
  incremental: true
})

/** Counts a message without effect and logs why; `reason` comes from a fixed set. */
export const countDropped = (reason: string, detail?: string): Effect.Effect<void> =>
  Effect.andThen(
    Metric.update(Metric.withAttributes(dropped, { reason }), 1),
    Effect.logDebug("message of the embedded group had no effect", { reason, detail })
  )
