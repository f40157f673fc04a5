import { Clock, Effect } from "effect"

/** A clock whose time can leap while its sleeps go on as before, as after a stop of the process. */
export const jumpingClock = Effect.map(Clock.Clock, (inner) => {
  let leapMillis = 0
  let sleeps = 0
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe(),
    currentTimeMillis: inner.currentTimeMillis,
    currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe(),
    currentTimeNanos: inner.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe() + BigInt(leapMillis) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => clock.monotonicTimeNanosUnsafe()),
    sleep: (duration) => {
      sleeps += 1
      return inner.sleep(duration)
    }
  }
  return {
    clock,
    jump: (millis: number) => void (leapMillis += millis),
    nowMillis: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6,
    /** How often somebody went to sleep. */
    sleeps: () => sleeps
  }
})
