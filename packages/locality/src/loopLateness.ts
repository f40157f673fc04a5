/** How late this process's event loop was: a round trip that was timed meanwhile says more about the process than about the network. */
import { monitorEventLoopDelay } from "node:perf_hooks"

import { Effect } from "effect"

const resolutionMillis = 1

/** Runs the effect, and says how many ms the event loop was late at most meanwhile. */
export const withLateness = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<readonly [A, number], E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution: resolutionMillis })
      histogram.enable()
      return histogram
    }),
    (histogram) =>
      Effect.gen(function* () {
        const value = yield* effect
        // A turn of the loop later, what happened in this one has been noted too.
        yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
        return [value, Math.max(0, histogram.max / 1e6 - resolutionMillis)] as const
      }),
    (histogram) => Effect.sync(() => void histogram.disable())
  )
