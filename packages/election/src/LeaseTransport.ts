/**
 * The port that carries the messages of a leased quorum between its members.
 *
 * Messages may be lost, repeated, late and out of order; what arrives must come from a member.
 */
import type { NodeId } from "@coterie/membership"
import { Context, type Effect, type Scope } from "effect"

import type { LeaseMessage } from "./core/leaseMessages.ts"

/** What an election does with its transport's events; handlers may run at the same time. */
export interface LeaseHandlers {
  /** A regular round begins: what is sent to a member now costs no message of its own. */
  readonly onRound: Effect.Effect<void>
  /** A message came in; what is sent to its sender before this returns rides back with the reply. */
  onMessage(from: NodeId, message: LeaseMessage): Effect.Effect<void>
  /** What this node has configured, told to every node that the transport reaches, members or not. */
  readonly config: string
  /** A node, member or not, told what it has configured. */
  onConfig(from: NodeId, config: string): Effect.Effect<void>
}

/** Carries lease messages. */
export class LeaseTransport extends Context.Service<
  LeaseTransport,
  {
    /** This node's id. */
    readonly self: NodeId
    /** Every member including self, sorted. */
    readonly members: ReadonlyArray<NodeId>
    /** Time between rounds in ms. */
    readonly intervalMillis: number
    /** Silence in ms after which a member is dead. */
    readonly deadAfterMillis: number
    /** Sends without waiting and without a promise of delivery. */
    send(to: NodeId, message: LeaseMessage): Effect.Effect<void>
    /** Delivers to the handlers until the scope closes. Dies when somebody is attached already. */
    attach(handlers: LeaseHandlers): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/election/LeaseTransport") {}
