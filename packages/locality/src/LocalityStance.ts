/** What operators and the life of the node ask of an agent. */
import { Schema } from "effect"

/**
 * What is asked of this node's agent: `normal`; `paused`, to move nothing; `draining`, to give all leadership away and take none. Policies
 * other than `nearestPeer` heed it.
 */
export const LocalityStance = Schema.Literals(["normal", "paused", "draining"])
/** What is asked of this node's agent. */
export type LocalityStance = typeof LocalityStance.Type
