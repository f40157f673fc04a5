/**
 * The port for carrying heartbeats: one request to one address, one reply back.
 *
 * A transport knows bytes, sizes and addresses; who may speak and what it means is decided by whoever serves.
 */
import { Context, type Effect, Schema, type Scope } from "effect"

import type { HeartbeatReply, HeartbeatRequest } from "./HeartbeatMessage.ts"

const TransportFailure = Schema.Literals([
  "bad_address",
  "bad_message",
  "unreachable",
  "timeout",
  "too_large",
  "unreadable"
])
/**
 * Why there was no usable reply: nonsense to send, nobody who answers, or an answer too large or unreadable.
 */
export type TransportFailure = typeof TransportFailure.Type

/** A request got no usable reply. */
export class TransportError extends Schema.TaggedError<TransportError>()("TransportError", {
  address: Schema.String,
  kind: TransportFailure,
  detail: Schema.String
}) {
  override get message(): string {
    return `no usable reply from ${this.address} (${this.kind}): ${this.detail}`
  }
}

/** Answers one inbound request; it never fails, a refusal is a reply. */
export type HeartbeatHandler = (request: HeartbeatRequest) => Effect.Effect<HeartbeatReply>

/** Limits of one exchange. */
export interface SendOptions {
  /** Largest reply in bytes that is read. Default 64 KiB. */
  readonly replyBytesMax?: number | undefined
}

/** Carries heartbeats between nodes. */
export class HeartbeatTransport extends Context.Service<
  HeartbeatTransport,
  {
    /**
     * Sends one request and returns the reply, refusals included. Sets no deadline: the caller interrupts,
     * which frees the connection.
     */
    send(
      address: string,
      request: HeartbeatRequest,
      options?: SendOptions
    ): Effect.Effect<HeartbeatReply, TransportError>
    /**
     * Gives every inbound request to the handler until the scope closes; without one, requests are refused as
     * `not_serving`. Dies when somebody serves already.
     */
    serve(handler: HeartbeatHandler): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/membership/HeartbeatTransport") {}
