/** Requests and replies as bounded JSON text. */
import { Effect, Schema } from "effect"

import { isDeeperThan } from "./core/jsonDepth.ts"
import {
  HeartbeatReply,
  HeartbeatRequest,
  detailLengthMax,
  messageDepthMax,
  protocolVersion,
  type Refusal
} from "./HeartbeatMessage.ts"

/** A request as text. Fails when a payload is no JSON. */
export const encodeRequest = Schema.encodeEffect(Schema.fromJsonString(HeartbeatRequest))

/** A reply as text. Fails when a payload is no JSON. */
export const encodeReply = Schema.encodeEffect(Schema.fromJsonString(HeartbeatReply))

/** The payload of a call or its answer as text. Fails when it is no JSON. */
export const encodePayload = Schema.encodeEffect(Schema.fromJsonString(Schema.Json))

/** Reads the payload of a call or its answer, or fails with what is wrong with it. */
export const decodePayload = (text: string): Effect.Effect<Schema.Json, string> =>
  decodeWith(decodeJson, text)

const decodeJson = Schema.decodeEffect(Schema.fromJsonString(Schema.Json))

/** The text is not what was expected; `detail` says where. */
export interface Unreadable {
  readonly reason: "malformed" | "protocol"
  readonly detail: string
}

/** Reads a request; a request in another protocol version is told apart from nonsense. */
export const decodeRequest = (text: string): Effect.Effect<HeartbeatRequest, Unreadable> =>
  decodeWith(Schema.decodeEffect(Schema.fromJsonString(HeartbeatRequest)), text).pipe(
    Effect.mapError((detail) => {
      const spoken = spokenProtocol(text)
      return spoken === undefined || spoken === protocolVersion
        ? { reason: "malformed", detail }
        : { reason: "protocol", detail: protocolMismatch(spoken) }
    })
  )

/** Reads a reply, or fails with what is wrong with it. */
export const decodeReply = (text: string): Effect.Effect<HeartbeatReply, string> =>
  decodeWith(Schema.decodeEffect(Schema.fromJsonString(HeartbeatReply)), text)

/** The sentence for a node of another protocol version. */
export const protocolMismatch = (spoken: number): string =>
  `the sender speaks heartbeat protocol ${spoken}, this node ${protocolVersion}: run the same release on both`

/** A refusal with its detail cut to the wire's limit. */
export const refusal = (reason: Refusal["reason"], detail: string): Refusal => ({
  _tag: "Refusal",
  reason,
  detail: detail.slice(0, detailLengthMax)
})

const decodeWith = <A>(
  decode: (text: string) => Effect.Effect<A, Schema.SchemaError>,
  text: string
): Effect.Effect<A, string> =>
  isDeeperThan(text, messageDepthMax)
    ? Effect.fail(`nested deeper than ${messageDepthMax} levels`)
    : Effect.mapError(decode(text), (error) => error.message.slice(0, detailLengthMax))

const Spoken = Schema.fromJsonString(Schema.Struct({ protocol: Schema.Int }))

const spokenProtocol = (text: string): number | undefined => {
  if (isDeeperThan(text, messageDepthMax)) return undefined
  const spoken = Schema.decodeResult(Spoken)(text)
  return spoken._tag === "Success" ? spoken.success.protocol : undefined
}
