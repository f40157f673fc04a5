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
  /** Payload for a beat to `peer`, or undefined for none. */
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
    /** Configured members including self, sorted; messages from anybody else are refused and counted. */
    readonly configured: ReadonlyArray<NodeId>
    /** Time between rounds, and the deadline of each call, in ms. */
    readonly intervalMillis: number
    /** Silence in ms after which a peer is dead (strictly greater). */
    readonly deadAfterMillis: number
    /** Adds a rider until the scope closes. Dies when the name is taken. */
    ride(rider: HeartbeatRider): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/membership/Heartbeats") {}
