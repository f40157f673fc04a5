/**
 * The port for whatever rides on heartbeats: elections, document versions, later round-trip rows.
 *
 * A rider adds a small payload to each beat and sees each peer's. It runs inside the beat, so it must be
 * quick and may not fail; a payload that it cannot read it counts and ignores.
 */
import { Context, type Effect, type Schema, type Scope } from "effect"

import type { NodeId } from "./Membership.ts"

/** What one rider does at each step of a heartbeat exchange. */
export interface HeartbeatRider {
  /** Key of its payload in the beat; unique per node, see `PayloadName`. */
  readonly name: string
  /**
   * Whom it exchanges payloads with: the configured members only, as an election must, or anybody whom beats reach, as documents do. Over
   * HTTP that is the same. Default `configured`.
   */
  readonly audience?: "configured" | "everybody"
  /** Payload for a beat to `peer`, or undefined for none; over SWIM a beat for which no rider has one is not sent. */
  request(peer: NodeId): Effect.Effect<Schema.Json | undefined>
  /** Runs once a round after the beats were sent and before their answers are awaited. */
  readonly onTick: Effect.Effect<void>
  /**
   * A beat came in from `from`; the answer's payload is returned. Also called when the beat has no payload
   * for us.
   */
  onBeat(from: NodeId, payload: Schema.Json | undefined): Effect.Effect<Schema.Json | undefined>
  /** `from` answered our beat in time. */
  onReply(from: NodeId, payload: Schema.Json | undefined): Effect.Effect<void>
}

/** Regular request/response contact with every peer. */
export class Heartbeats extends Context.Service<
  Heartbeats,
  {
    /** This node's id. */
    readonly self: NodeId
    /**
     * The members that count, sorted: over HTTP all, this node among them, and anybody else is refused and counted; over SWIM the voters, of
     * which this node may not be one.
     */
    readonly configured: ReadonlyArray<NodeId>
    /** Time between rounds, and the deadline of each call, in ms. */
    readonly intervalMillis: number
    /** Silence in ms after which a peer is dead (strictly greater). */
    readonly deadAfterMillis: number
    /** Adds a rider until the scope closes. Dies when the name is taken. */
    ride(rider: HeartbeatRider): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/membership/Heartbeats") {}
