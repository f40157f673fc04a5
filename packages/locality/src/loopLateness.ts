/** How late this process's event loop was: a round trip that was timed meanwhile says more about the process than about the network. */
import { performance } from "node:perf_hooks"
import { clearInterval, setInterval } from "node:timers"

import { Effect } from "effect"

const tickMillis = 1

/**
 * Runs the effect, and says how many ms the event loop was late at most meanwhile. Node's own histogram of the loop's delay begins to count at
 * its first tick, so it misses what happens right at the start.
 */
export const withLateness = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<readonly [A, number], E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(startTicking),
    (ticking) => Effect.map(effect, (value) => [value, ticking.latestMillis()] as const),
    (ticking) => Effect.sync(ticking.stop)
  )

const startTicking = () => {
  let tickedMillis = performance.now()
  let latest = 0
  const tick = (): void => {
    const nowMillis = performance.now()
    latest = Math.max(latest, nowMillis - tickedMillis - tickMillis)
    tickedMillis = nowMillis
  }
  const timer = setInterval(tick, tickMillis)
  return {
    latestMillis: (): number => {
      tick()
      return latest
    },
    stop: (): void => clearInterval(timer)
  }
}
