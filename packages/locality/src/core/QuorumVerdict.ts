/** What the policies over a whole matrix answer: every no has a reason with the numbers behind it. */
import type { UnreachableVoter } from "./LeaderPolicy.ts"

/** A directed link by the ids of its ends. */
export interface LinkEnds {
  readonly from: string
  readonly to: string
  /** No agent has told of either end, so nobody can measure it. */
  readonly noAgent?: true | undefined
}

/** A transfer that is wanted. */
export interface TransferWish {
  readonly target: string
  /** Expected ms that an operation becomes cheaper. */
  readonly gainMillis: number
}

/** A transfer that is wanted but must wait for so long. */
type Waiting = TransferWish & { readonly remainingMillis: number }

/** Why leadership stays where it is. */
export type QuorumReason =
  | { readonly _tag: "notLeader"; readonly leader: string | undefined }
  | { readonly _tag: "electing" }
  | { readonly _tag: "paused" }
  | { readonly _tag: "singleVoter" }
  /** One more lost voter would stop the group. */
  | { readonly _tag: "noSpare"; readonly alive: number; readonly needed: number }
  | { readonly _tag: "voterUnreachable"; readonly voters: ReadonlyArray<UnreachableVoter> }
  /** Nobody else may lead. */
  | { readonly _tag: "noTarget"; readonly detail: string }
  /** These links must be measured before anything can be said. */
  | { readonly _tag: "insufficientData"; readonly links: ReadonlyArray<LinkEnds> }
  /** These links were measured too long ago. */
  | { readonly _tag: "staleData"; readonly links: ReadonlyArray<LinkEnds> }
  | {
      readonly _tag: "gainTooSmall"
      readonly best: string
      readonly gainMillis: number
      readonly neededMillis: number
    }
  /** A more preferred place is not to be had. */
  | { readonly _tag: "preferred" }
  | ({ readonly _tag: "notPersistent"; readonly evaluations: number } & Waiting)
  | ({ readonly _tag: "settling" } & Waiting)
  | ({ readonly _tag: "cooldown" } & Waiting)
  /** Moved too often, or a transfer cost more than it could win back. */
  | ({ readonly _tag: "frozen"; readonly cause: "budget" | "payback" } & Waiting)
  /** Leadership should leave this node, but an evacuation was attempted just now. */
  | { readonly _tag: "draining"; readonly remainingMillis: number }

/** What a policy wants. */
export type QuorumVerdict =
  | { readonly _tag: "Stay"; readonly reason: QuorumReason }
  | ({
      readonly _tag: "Transfer"
      /** Because the node goes away: not held against the budget of voluntary transfers. */
      readonly evacuation: boolean
      /** The engine chooses who leads next; the target is hoped for. */
      readonly untargeted?: true
    } & TransferWish)

/** Leadership stays, for this reason. */
export const stay = (reason: QuorumReason): QuorumVerdict => ({ _tag: "Stay", reason })

/** A number of ms that can be sent and shown, whatever it came from: infinities become 1e9, nonsense 0. */
export const boundedMillis = (millis: number): number =>
  Number.isNaN(millis) ? 0 : Math.max(-1e9, Math.min(1e9, millis))
