/**
 * What nodes say to each other: requests, replies, and their bounds on the wire.
 *
 * Every message names its protocol version and its cluster, so that two clusters that share an address list
 * refuse each other instead of merging.
 */
import { Schema } from "effect"

import { Metadata, NodeId } from "./Membership.ts"

/** Version of this format; nodes of different versions refuse each other with a reason. */
export const protocolVersion = 1

/** Largest request, and largest answer to a beat, in bytes of JSON: 64 KiB. */
export const messageBytesMax = 65_536

/** Deepest nesting of a message. */
export const messageDepthMax = 64

/** Longest explanation of a refusal, in characters. */
export const detailLengthMax = 512

/** Name of a cluster: 1 to 64 letters, digits and `._-`. */
export const ClusterName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    message:
      "a cluster name is 1 to 64 letters, digits, dots, underscores and dashes, and starts with a letter or digit"
  })
)

/** Name of a rider or of a call: 1 to 64 lower-case letters, digits and `._:-`. */
export const PayloadName = Schema.String.check(
  Schema.isPattern(/^[a-z][a-z0-9._:-]{0,63}$/, {
    message: "a payload name is 1 to 64 lower-case letters, digits and ._:- and starts with a letter"
  })
)

/** Where a node can be reached, in the form of the transport; at most 512 characters. */
export const Address = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(512))

const envelope = {
  protocol: Schema.Int,
  cluster: ClusterName,
  from: NodeId,
  /** Random name of this run of the process, which tells a restart from an echo. */
  instance: Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/)),
  advertise: Schema.optionalKey(Address)
}

/** What the riders of one node say in a beat, by rider; at most 32. */
export const RiderPayloads = Schema.Record(Schema.String, Schema.Json).check(
  Schema.isMaxProperties(32),
  Schema.makeFilter((riders) => Object.keys(riders).every(Schema.is(PayloadName)) || "a rider has a bad name")
)

const presence = { metadata: Metadata, riders: RiderPayloads }

/** A regular sign of life; the answer to one has the same fields. */
export const Beat = Schema.TaggedStruct("Beat", { ...envelope, ...presence })
/** A regular sign of life. */
export type Beat = typeof Beat.Type

/** The sender leaves on purpose. */
const Goodbye = Schema.TaggedStruct("Goodbye", envelope)

/** A question to one peer, answered by whoever registered under its name. */
const Call = Schema.TaggedStruct("Call", { ...envelope, name: PayloadName, payload: Schema.Json })

/** Everything a node may be sent. */
export const HeartbeatRequest = Schema.Union([Beat, Goodbye, Call])
/** Everything a node may be sent. */
export type HeartbeatRequest = typeof HeartbeatRequest.Type

/** Answer to a call. */
const Answer = Schema.TaggedStruct("Answer", { ...envelope, payload: Schema.Json })

/** Answer to a goodbye. */
const Farewell = Schema.TaggedStruct("Farewell", envelope)

/** Why a request was refused. */
export const RefusalReason = Schema.Literals([
  "malformed",
  "too_large",
  "protocol",
  "wrong_cluster",
  "unknown_sender",
  "own_id",
  "left",
  "no_answer",
  "not_serving",
  "internal"
])
/** Why a request was refused. */
export type RefusalReason = typeof RefusalReason.Type

/** The request was not accepted; `detail` says what would be right. */
export const Refusal = Schema.TaggedStruct("Refusal", {
  reason: RefusalReason,
  detail: Schema.String.check(Schema.isMaxLength(detailLengthMax))
})
/** The request was not accepted. */
export type Refusal = typeof Refusal.Type

/** Everything a node may answer. */
export const HeartbeatReply = Schema.Union([Beat, Farewell, Answer, Refusal])
/** Everything a node may answer. */
export type HeartbeatReply = typeof HeartbeatReply.Type
