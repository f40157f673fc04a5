/**
 * What members send to one another, as plain data; the wire codec gives it bytes, the core never sees any.
 *
 * A packet is one `PacketMessage` and the gossip items that fit beside it; facts are applied before the message is answered. A stream
 * carries one `StreamMessage` exchange. All integers are unsigned; `seq` and hashes have 32 bits. Peers are named by their id in the
 * (sealed) header of the packet or stream, which is no part of the message.
 */
import type { Accusation, Departure, MemberFact, MemberRecord } from "./memberRecord.ts"

/** The process that a ping is meant for; another process at its address must not answer for it. */
export interface PingTarget {
  readonly id: string
  readonly generation: number
  /** `instanceHash` of its instance. */
  readonly instanceHash: number
}

/** Are you there? Answered by `Ack`, or by `NotMe` from a process that is not the target. */
export interface Ping {
  readonly _tag: "Ping"
  /** Chosen by the sender and returned in the answer; starts at a random value. */
  readonly seq: number
  readonly target: PingTarget
  /** The sender's own key in short, so that a receiver that does not know it can ask for the record. */
  readonly sender: {
    readonly generation: number
    readonly instanceHash: number
    readonly incarnation: number
  }
}

/** Ping the target for me, and tell me what came of it. Answered by `Ack`, `NotMe` or `Nack` with this `seq`. */
export interface PingReq {
  readonly _tag: "PingReq"
  readonly seq: number
  readonly target: PingTarget
  readonly address: string
  /** The target's incarnation as the sender knows it; a newer record comes back beside the answer. */
  readonly incarnation: number
  /** Time in ms that the sender will still wait; at most 2^32 - 1. A nack is due at 0.8 of it. */
  readonly budgetMillis: number
}

/** I am here; or, from a helper, the target is. */
export interface Ack {
  readonly _tag: "Ack"
  readonly seq: number
  /** The process that answered. */
  readonly target: PingTarget
  /** The process that answered does not know the prober's newest record. */
  readonly wantsRecord: boolean
  /** `viewHash` of the process that answered. */
  readonly view: number
}

/** A helper has no answer from the target so far; an `Ack` may still follow. */
export interface Nack {
  readonly _tag: "Nack"
  readonly seq: number
  /** `no_answer`: silence until 0.8 of the budget; `rate_limited`: this source, or everybody, asks too often. */
  readonly reason: "no_answer" | "rate_limited"
}

/** The address of the target is mine, and I am somebody else; my own record comes beside it. */
export interface NotMe {
  readonly _tag: "NotMe"
  readonly seq: number
  readonly id: string
  readonly generation: number
}

/** Nothing but the gossip beside it. */
export interface Gossip {
  readonly _tag: "Gossip"
}

/** What a packet may say. */
export type PacketMessage = Ping | PingReq | Ack | Nack | NotMe | Gossip

/** An application's message to every member, told at most once per node while it is remembered. */
export interface UserEvent {
  readonly kind: "user"
  /** Id and generation of the member that sent it. */
  readonly origin: string
  readonly generation: number
  /** A newer event of one origin with the same name replaces the older on its way; 1 to 128 characters. */
  readonly name: string
  /** Rises with every event of the origin's process; the pair (generation, version) orders events of one name. */
  readonly version: number
  readonly payload: Uint8Array
}

/** What rides along in packets. */
export type GossipItem = MemberFact | UserEvent

/** All that the sender holds about one member, in a push/pull. */
export interface SyncEntry {
  /** Its announcement; undefined for somebody that the sender knows by rumour only, and for the dead and left. */
  readonly record: MemberRecord | undefined
  /** What is held against it, or its goodbye; undefined for a member that is alive. */
  readonly doubt: Accusation | Departure | undefined
  /** How long ago in ms the sender took up `doubt`, so that tombstones age on their way; 0 without one. */
  readonly ageMillis: number
}

/** Opens a push/pull. Answered by `SyncAnswer` or `SyncRefused`, then closed by a `SyncPush`. */
export interface SyncRequest {
  readonly _tag: "SyncRequest"
  /** The sender's announcement. Of a joining member it is for admission only and not yet to be believed. */
  readonly sender: MemberRecord
  readonly joining: boolean
  /** 32 bits mixed into every hash, so that no two views look alike twice by accident. */
  readonly salt: number
  /** One 32-bit hash per bucket of members; empty asks for everything. At most `bucketsMax`. */
  readonly buckets: ReadonlyArray<number>
}

/** All entries of the buckets that differ. */
export interface SyncAnswer {
  readonly _tag: "SyncAnswer"
  /** Indices of the buckets that differ, ascending; empty when everything was asked for. */
  readonly differing: ReadonlyArray<number>
  readonly entries: ReadonlyArray<SyncEntry>
}

/** What the opener knows better, of the buckets that differ. */
export interface SyncPush {
  readonly _tag: "SyncPush"
  readonly entries: ReadonlyArray<SyncEntry>
}

/** No push/pull with you. */
export interface SyncRefused {
  readonly _tag: "SyncRefused"
  readonly reason: SyncRefusal
}

/** `version`: no common protocol version; `not_admitted`: refused by rule; `full`: no room for another member; `not_a_member`: the receiver is joining, leaving or gone. */
export type SyncRefusal = "version" | "not_admitted" | "full" | "not_a_member"

/** Messages of a stream that do a push/pull; a ping over a stream sends a `Ping` and is answered by `Ack` or `NotMe`. */
export type SyncMessage = SyncRequest | SyncAnswer | SyncPush | SyncRefused

/** Most buckets of a `SyncRequest`. */
export const bucketsMax = 1024

/** Bytes of the parts of a packet: a packet has `message(m)` plus the sum of `item(i)`, all overhead of frames included. */
export interface PacketSizes {
  readonly message: (message: PacketMessage) => number
  readonly item: (item: GossipItem) => number
}

/** 32 bits that stand for an instance in a ping: its first eight hexadecimal digits. */
export const instanceHash = (instance: string): number => Number.parseInt(instance.slice(0, 8), 16) >>> 0
