/** What a step of the group asks its shell to do, as data. */
import type { GroupMessage, GroupState } from "./GroupState.ts"

/** Why a write or a transfer was not taken up. `LeadershipLost` leaves the outcome of the write unknown. */
export type Refusal =
  | "NotLeader"
  | "TransferInProgress"
  | "Overloaded"
  | "LeadershipLost"
  | "UnknownTarget"
  | "NoVote"
  | "AlreadyLeader"

/** Why a message changed nothing; counted, never silent. */
export type IgnoredReason = "notForUs" | "unknownSender" | "wrongTermOwner" | "staleTerm" | "holdingBack"

/** What the shell does next. */
export type GroupEffect =
  | { readonly _tag: "Send"; readonly message: GroupMessage }
  /** A majority holds the write. */
  | { readonly _tag: "Acknowledged"; readonly request: number; readonly index: number }
  /** Who leads in the end is to be read from the state. */
  | { readonly _tag: "TransferStarted"; readonly request: number }
  | { readonly _tag: "Refused"; readonly request: number; readonly reason: Refusal }
  | { readonly _tag: "Ignored"; readonly reason: IgnoredReason }

/** The state after a step, and what is to be done. */
export type Step = readonly [GroupState, ReadonlyArray<GroupEffect>]

/** When a step happens, and the random number in [0, 1) that it may use. */
export interface Moment {
  readonly nowMillis: number
  readonly draw: number
}
