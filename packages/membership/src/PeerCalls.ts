/**
 * The port for asking one peer something: over the connections that heartbeats keep open anyway, or in the packets and streams of SWIM.
 *
 * Calls have the admission rules of their membership: same cluster, and the configured members only, or those that are alive.
 */
import { Context, type Duration, type Effect, Schema, type Scope } from "effect"

import type { NodeId } from "./Membership.ts"

/** A call got no answer. */
export class CallFailed extends Schema.TaggedError<CallFailed>()("CallFailed", {
  peer: Schema.String,
  name: Schema.String,
  /**
   * `no_address`, `timeout`, `refused`, a kind of `TransportError`; over SWIM also `left` (this node has) or `busy` (too many calls wait); from
   * `Reachability` also `circuit_open` (the latest calls failed, and none was made).
   */
  kind: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `call ${this.name} to ${this.peer} failed (${this.kind}): ${this.detail}`
  }
}

/** One question to one peer. */
export interface Question {
  /** Which of the peer's answers is meant; see `PayloadName`. */
  readonly name: string
  readonly payload: Schema.Json
  /** How long to wait for the answer. */
  readonly timeout: Duration.Input
  /** Largest reply in bytes that is read. Default 64 KiB. */
  readonly replyBytesMax?: number | undefined
}

/** Questions between members. */
export class PeerCalls extends Context.Service<
  PeerCalls,
  {
    /** Where the peer is reached now, or undefined when no address is known. */
    addressOf(peer: NodeId): Effect.Effect<string | undefined>
    /** Asks a peer and returns its answer. Fails with `CallFailed`; nothing is retried. */
    call(peer: NodeId, question: Question): Effect.Effect<Schema.Json, CallFailed>
    /** Answers calls of this name until the scope closes. Dies when the name is taken. */
    answer(
      name: string,
      handler: (from: NodeId, payload: Schema.Json) => Effect.Effect<Schema.Json>
    ): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/membership/PeerCalls") {}
