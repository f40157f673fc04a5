/**
 * How long this machine slept: the monotonic clock of Linux stands still while a machine is suspended, and a lease must not.
 *
 * A port of its own because the runtime has no such clock. A hypervisor that freezes a machine without telling it stays unnoticed; then
 * only fencing tokens help.
 */
import { platform, uptime } from "node:os"

import { Clock, Context, Effect, Layer } from "effect"

/** Time that the machine was suspended since some fixed moment, in ms; never falls. By default none. */
export const SuspendClock: Context.Reference<{ readonly suspendedMillis: () => number }> = Context.Reference(
  "@coterie/election/SuspendClock",
  { defaultValue: () => ({ suspendedMillis: () => 0 }) }
)

/** Monotonic time in ms that goes on while the machine is suspended: the time of leases. */
export const leaseNowMillis: Effect.Effect<number> = Effect.gen(function* () {
  const suspend = yield* SuspendClock
  return Number(yield* Clock.monotonicTimeNanos) / 1e6 + suspend.suspendedMillis()
})

/** Differences between two clocks below this are the coarseness of `uptime` (10 ms), and covered by a lease's guard. */
const noticedMillis = 50

/** A reading that took longer says nothing about either clock. */
const readingMillisMax = 5

/**
 * Suspended time as the growth of one clock that counts it (`uptime`) beyond one that does not. Readings that were interrupted in between
 * are ignored: an acceptor whose clock jumps ahead without cause would lend its vote twice.
 */
export const makeSuspendClock = (clocks: {
  readonly uptimeMillis: () => number
  readonly monotonicMillis: () => number
}): { readonly suspendedMillis: () => number } => {
  const aheadMillis = (): number | undefined => {
    const before = clocks.monotonicMillis()
    const up = clocks.uptimeMillis()
    return clocks.monotonicMillis() - before > readingMillisMax ? undefined : up - before
  }
  let origin = aheadMillis()
  let suspended = 0
  return {
    suspendedMillis: () => {
      const ahead = aheadMillis()
      if (ahead === undefined) return suspended
      origin ??= ahead
      if (ahead - origin - suspended >= noticedMillis) suspended = ahead - origin
      return suspended
    }
  }
}

/**
 * Counts suspended time by the uptime of the operating system, read at every look at a lease. On Linux only: elsewhere the monotonic clock
 * counts it already, or the uptime follows the wall clock, which may jump.
 */
export const layerSuspendClock: Layer.Layer<never> =
  platform() === "linux"
    ? Layer.sync(SuspendClock, () =>
        makeSuspendClock({
          uptimeMillis: () => uptime() * 1000,
          monotonicMillis: () => Number(process.hrtime.bigint()) / 1e6
        })
      )
    : Layer.empty
