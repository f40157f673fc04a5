import type { NodeLayout } from "./layout.ts"
/** What the hub process and its owner say to each other, over the channel that Node gives a child. */
import type { LinkChange } from "./link.ts"

/** From the owner to the hub. The first message is `start`; `close` ends the process. */
export type Request =
  | {
      readonly kind: "start"
      /** Condition of every direction at the start: `links[from][to]`. */
      readonly links: ReadonlyArray<ReadonlyArray<LinkChange>>
      readonly seed: number
    }
  | {
      readonly kind: "change"
      readonly id: number
      readonly from: number
      readonly to: number
      readonly change: LinkChange
    }
  | { readonly kind: "stats"; readonly id: number }
  | { readonly kind: "close" }

/** From the hub to the owner. */
export type Reply =
  | { readonly kind: "ready"; readonly nodes: ReadonlyArray<NodeLayout> }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "changed"; readonly id: number }
  | { readonly kind: "refused"; readonly id: number; readonly problem: string }
  | { readonly kind: "stats"; readonly id: number; readonly stats: ReadonlyArray<ReadonlyArray<LinkStats>> }

/** What one direction did since the start, in packets. */
export interface LinkStats {
  /** Sent on to the destination. */
  readonly delivered: number
  /** Lost by the direction's loss. */
  readonly lost: number
  /** Lost by a partition. */
  readonly partitioned: number
  /** Lost as the hub had too many packets waiting. */
  readonly overflowed: number
  /** Waiting in the hub now. */
  readonly waiting: number
}
