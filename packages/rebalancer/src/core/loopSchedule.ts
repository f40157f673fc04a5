/** When a sweep is due, and what comes first when several things are. All times are monotonic milliseconds. */

/** What the loop does next. */
export type LoopEvent =
  | { readonly _tag: "Shutdown" }
  | { readonly _tag: "Tick" }
  | { readonly _tag: "Kick" }
  /** Nothing is due: wait this long for the tick, or for a signal. */
  | { readonly _tag: "Wait"; readonly millis: number }

/** What the loop knows when it chooses. */
export interface LoopSignals {
  readonly shutdown: boolean
  readonly kicked: boolean
  readonly nowMillis: number
  readonly deadlineMillis: number
}

/** Chooses what to do next: shutdown before tick before kick, whichever came first. */
export const nextLoopEvent = (signals: LoopSignals): LoopEvent => {
  if (signals.shutdown) return { _tag: "Shutdown" }
  if (signals.nowMillis >= signals.deadlineMillis) return { _tag: "Tick" }
  if (signals.kicked) return { _tag: "Kick" }
  return { _tag: "Wait", millis: signals.deadlineMillis - signals.nowMillis }
}

/** How late a tick may fire and still count as on time: timers are never exact. */
const lateMillis = 5

/**
 * The deadline after the one that fires now. On time, deadlines stay on the grid of the first; a late tick (the sweep before took too long)
 * has fired at once, and the next comes one interval after it. Missed ticks are never made up for.
 */
export const nextDeadlineMillis = (
  deadlineMillis: number,
  nowMillis: number,
  intervalMillis: number
): number => (nowMillis - deadlineMillis > lateMillis ? nowMillis : deadlineMillis) + intervalMillis
