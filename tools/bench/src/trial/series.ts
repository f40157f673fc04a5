/**
 * A client that starts an operation on every beat, whether or not the last one has ended, and times each. So a request that the engine lost shows
 * as one failed operation, not as a time in which nobody could write.
 */
import { Effect, Schedule, type Scope } from "effect"

import type { Sample } from "./latencies.ts"

/** A running series of operations. */
export interface Series {
  /** Samples of ended operations that started at or after the given time of `now`. */
  since(startMillis: number): ReadonlyArray<Sample>
}

/** The clock of the samples, in ms. */
export const now = (): number => performance.now()

/** Ms between two starts: what a gap between two successes is exact to. */
const beatMillis = 100

/** Starts the operation on every beat until the scope closes; it should have a deadline of its own. One that rejects is a failed one. */
export const series = (operate: () => Promise<boolean>): Effect.Effect<Series, never, Scope.Scope> =>
  Effect.gen(function* () {
    const samples: Array<Sample> = []
    const operateOnce = async (): Promise<void> => {
      const startMillis = now()
      const ok = await operate().catch(() => false)
      samples.push({ startMillis, latencyMillis: now() - startMillis, ok })
    }
    yield* Effect.sync(() => void operateOnce()).pipe(
      Effect.repeat(Schedule.fixed(beatMillis)),
      Effect.forkScoped
    )
    return { since: (startMillis) => samples.filter((taken) => taken.startMillis >= startMillis) }
  })
