/** What a SWIM cluster offers beyond `Membership`: messages to everybody, reasons, this node's own condition, and its keys. */
import { Context, type Duration, type Effect, Schema, type Stream } from "effect"

import type { JoinFailure, SwimNews } from "./core/swim/changes.ts"
import type { SyncRefusal } from "./core/swim/messages.ts"
import type { RefusalReason } from "./core/swimWire/refusal.ts"
import type { MemberState, NodeId } from "./Membership.ts"
import type { Keyring } from "./swim/Keyring.ts"

/** The member cannot be declared left: only the dead can. */
export class NotDead extends Schema.TaggedError<NotDead>()("NotDead", {
  id: Schema.String,
  /** `unknown` for somebody who is no member. */
  state: Schema.Literals(["alive", "suspect", "left", "unknown"])
}) {
  override get message(): string {
    return `only a dead member can be declared left, and ${this.id} is ${this.state}`
  }
}

/** A broadcast was not sent. */
export class BroadcastRefused extends Schema.TaggedError<BroadcastRefused>()("BroadcastRefused", {
  name: Schema.String,
  /** `queue_full`: try again when what is queued has been told; the others stay. */
  reason: Schema.Literals(["queue_full", "too_large", "bad_name", "not_a_member"]),
  detail: Schema.String
}) {
  override get message(): string {
    return `broadcast ${this.name} refused: ${this.detail}`
  }
}

/** A message of the application from another member. */
export interface UserMessage {
  readonly from: NodeId
  readonly name: string
  readonly payload: Uint8Array
}

/** Why a member is shown as it is. */
export interface Explanation {
  readonly id: NodeId
  readonly state: MemberState
  /** The run of the member that this is about; rises with every restart. */
  readonly generation: number
  /** Rises whenever the member refutes or changes what it says of itself. */
  readonly incarnation: number
  /** Who says so and on what evidence, in one clause. */
  readonly reason: string
  /** The suspicion that is running, if any. */
  readonly suspicion:
    | {
        readonly accuser: NodeId
        readonly confirmedBy: ReadonlyArray<NodeId>
        /** Confirmations after which the suspicion is as short as it gets. */
        readonly confirmationsMax: number
        /** Time in ms after which the member is dead unless it refutes. */
        readonly leftMillis: number
      }
    | undefined
}

/** This node's own condition. */
export interface SwimHealth {
  /** 0 is well; up to `awarenessMax - 1` (7), by which this node's own probes slow down (Lifeguard). */
  readonly score: number
  /** This node seems to be the one cut off. */
  readonly isolated: boolean
  readonly phase: "joining" | "member" | "leaving" | "left" | "superseded"
  /**
   * What came of the last attempt to enter through seeds that has ended; undefined before, and without seeds. `refused`: nobody let this
   * node in, and at least one seed said no, as for another key, label or version.
   */
  readonly lastJoin: "answered" | JoinFailure | undefined
}

/** A round trip to a member. */
export interface RoundTrip {
  /** The least of the last three, from ping to answer, both processes' own time included. */
  readonly rtt: Duration.Duration
  /** Since the last of them. */
  readonly age: Duration.Duration
}

/** Why somebody was not let in: its frames are not of this cluster, or it is no member that this node could have. */
export type PeerRefusal = (typeof tellingRefusals)[number] | Exclude<SyncRefusal, "not_a_member">

/** Refusals of frames that a configuration explains: another wire version, sealing, cluster name, key. */
export const tellingRefusals = [
  "version",
  "mode",
  "label",
  "unknown_key"
] as const satisfies ReadonlyArray<RefusalReason>

/** Somebody wanted to enter, or to compare members, and this node refused. Told at most once a minute for one name, host and reason, and 32 times a minute. */
export interface PeerRefused {
  readonly _tag: "PeerRefused"
  /** The name that it gave, which only a reason of members proves; undefined when it could not be read. */
  readonly id: NodeId | undefined
  /** Where it came from. */
  readonly address: string
  readonly reason: PeerRefusal
  readonly detail: string
}

/** What happened to this node itself, or to its network. `JoinFailed` is told at most once a minute for one cause. */
export type SwimNotice =
  | PeerRefused
  | Extract<
      SwimNews,
      {
        readonly _tag:
          | "JoinFailed"
          | "NameConflict"
          | "Superseded"
          | "Refuted"
          | "Isolated"
          | "Reconnected"
          | "Stalled"
          | "UdpBlocked"
      }
    >

/** Operations and observations of one SWIM node. */
export class Swim extends Context.Service<
  Swim,
  {
    /** Declares a dead member left, so that it is not tried again; if it lives after all it comes back as a new run. */
    forceLeave(id: NodeId): Effect.Effect<void, NotDead>
    /**
     * Tells every member, at most once each while it remembers. A newer message of this node with the same name replaces one still on its
     * way. The name has 1 to 128 characters, the message must fit a packet.
     */
    broadcast(name: string, payload: Uint8Array): Effect.Effect<void, BroadcastRefused>
    /** Broadcasts of other members from now on; a slow reader loses the oldest. */
    readonly events: Stream.Stream<UserMessage>
    /** What happened to this node or its network from now on. */
    readonly notices: Stream.Stream<SwimNotice>
    /** Why a member is shown as it is; undefined for somebody who is not shown. */
    explain(id: NodeId): Effect.Effect<Explanation | undefined>
    readonly health: Effect.Effect<SwimHealth>
    /** Alive and suspect members, this node among them. */
    readonly size: Effect.Effect<number>
    /** Up to so many other members that are alive, at random, and none of `except`. */
    sample(count: number, except: ReadonlySet<NodeId>): Effect.Effect<ReadonlyArray<NodeId>>
    /**
     * Round trip to a member as the probes of the protocol saw it last. Every member is probed once in as many probe intervals as there are
     * members; undefined before the first answer, and after a restart or update of the member until the next.
     */
    rtt(id: NodeId): Effect.Effect<RoundTrip | undefined>
    /** The keys, for their rotation; undefined in plaintext. */
    readonly keyring: Keyring | undefined
  }
>()("@coterie/membership/Swim") {}
