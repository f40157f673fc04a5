/** What a node tells the application: changes of members, and its own condition. */
import type { MemberStanding } from "./memberKey.ts"
import type { Accusation, Departure, MemberFact, MemberRecord } from "./memberRecord.ts"
import type { UserEvent } from "./messages.ts"

/**
 * What happened to a member. `Restarted`: a newer process took its place; `Recovered`: it refuted; `Updated`: it changed what it says of
 * itself; `Reaped`: it was dead or left so long that it is forgotten.
 */
export type ChangeName =
  | "Joined"
  | "Updated"
  | "Restarted"
  | "Suspected"
  | "Recovered"
  | "Failed"
  | "Left"
  | "Reaped"

/** A change of one member; those of one member come in order, and each starts where the one before ended. */
export interface MemberChanged {
  readonly _tag: "MemberChanged"
  readonly change: ChangeName
  readonly id: string
  /** Undefined for a member that was not shown before. */
  readonly previous: MemberStanding | undefined
  /** Undefined for one that is forgotten. */
  readonly current: MemberStanding | undefined
  /** What was said about it: its key, who said so and on what evidence. */
  readonly fact: MemberFact
  /** Its newest announcement; undefined while only rumour names its process. */
  readonly record: MemberRecord | undefined
  /** Monotonic time of this node in ms. */
  readonly atMillis: number
}

/** Two processes use one name. `lost`: the other one outranks this node, which acts by `onConflict`. */
export interface NameConflict {
  readonly _tag: "NameConflict"
  readonly other: MemberRecord
  readonly lost: boolean
}

/** Everything that a node tells the application. */
export type SwimNews =
  | MemberChanged
  | NameConflict
  /** A seed has answered a join, one by one as they do; with the first this node is announced. */
  | { readonly _tag: "JoinSucceeded"; readonly through: string }
  /** No seed answered, some refused, or another living process holds the name. */
  | { readonly _tag: "JoinFailed"; readonly reason: JoinFailure; readonly detail: string }
  /** This node refuted an accusation, at its new incarnation. */
  | { readonly _tag: "Refuted"; readonly accusation: Accusation | Departure | undefined }
  /** This node seems to be the one cut off: verdicts are put off. */
  | { readonly _tag: "Isolated" }
  | { readonly _tag: "Reconnected" }
  /** This process stood still for so long. */
  | { readonly _tag: "Stalled"; readonly millis: number }
  /** Three rounds in a row this member answered over a stream only: packets to or from it are lost. */
  | { readonly _tag: "UdpBlocked"; readonly id: string; readonly address: string }
  /** A member answered this node's ping itself, so long after it was sent; not told where this process stood still meanwhile. */
  | { readonly _tag: "RoundTrip"; readonly id: string; readonly millis: number }
  | { readonly _tag: "UserEventReceived"; readonly event: UserEvent }
  /** A broadcast was refused: no room in the queue, or larger than a packet. */
  | { readonly _tag: "BroadcastRefused"; readonly name: string; readonly reason: "QueueFull" | "TooLarge" }
  /** This node's new address or labels do not fit a packet; the old ones stay. */
  | { readonly _tag: "UpdateRefused"; readonly reason: "TooLarge" }
  /** The goodbye has been told and the node may be closed. */
  | { readonly _tag: "Departed" }
  /** Another process took this node's name, and the policy is to stop. */
  | { readonly _tag: "Superseded"; readonly by: MemberRecord }

/** Why a join failed. */
export type JoinFailure = "no_answer" | "refused" | "name_conflict"
