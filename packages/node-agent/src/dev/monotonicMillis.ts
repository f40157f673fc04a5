/** The clock of everything that lasts. */
import { Clock, Effect } from "effect"

/** Monotonic ms of this process; only differences mean anything. */
export const monotonicMillis: Effect.Effect<number> = Effect.map(
  Clock.monotonicTimeNanos,
  (nanos) => Number(nanos) / 1e6
)
