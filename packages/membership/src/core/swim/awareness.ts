/** Local health: how much this node doubts itself; it waits longer before it accuses others (Lifeguard, section IV-A). */
import type { Turn } from "./swimState.ts"

/** Moves the score, within 0 and the largest. */
export const adjustAwareness = ({ state }: Turn, by: number): void => {
  state.awareness = Math.min(state.options.awarenessMax - 1, Math.max(0, state.awareness + by))
}
