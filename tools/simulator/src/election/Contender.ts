/** What the election simulation wants to know of a node, whatever the strategy. */
import type { SimulatedNode } from "../World.ts"

/** A node of an election. */
export interface Contender<M> extends SimulatedNode<M> {
  /** Until when on its own clock this node believes that it leads, without a further event; undefined when it does not. */
  leadsUntil(): number | undefined
  /** Hands leadership over, to a node or to any other. */
  stepDown(nowMillis: number, to: string | undefined): void
  /** The token it would write with. */
  readonly token: number
}
