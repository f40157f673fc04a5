/**
 * Wakes nodes in time: one timer for all nodes that share a clock.
 *
 * A node at rest changes its mind three times a second, mostly to a later time; a timer of its own for each would cost more than what it
 * wakes for. Waking too early is harmless, so only an earlier time replaces the timer.
 */
import { type Clock, Duration, Effect, type Fiber } from "effect"

/** One node's alarm. */
export interface Alarm {
  /** Rings once, at this monotonic time in ms or as soon after it as the process can; infinity is never. Replaces the time before. */
  readonly set: (atMillis: number) => void
  /** Never rings again unless it is set anew. */
  readonly clear: () => void
}

/** An alarm that is not set. A `ring` that throws puts off the others by a turn of the event loop. */
export const makeAlarm = (clock: Clock.Clock, ring: () => void): Alarm => {
  const timer = timers.get(clock) ?? makeTimer(clock)
  timers.set(clock, timer)
  const own: Waiting = { dueMillis: Infinity, ring }
  return {
    set: (atMillis) => timer.wait(own, atMillis),
    clear: () => timer.forget(own)
  }
}

interface Waiting {
  dueMillis: number
  readonly ring: () => void
}

interface Timer {
  readonly wait: (waiting: Waiting, atMillis: number) => void
  readonly forget: (waiting: Waiting) => void
}

const timers = new WeakMap<Clock.Clock, Timer>()

const makeTimer = (clock: Clock.Clock): Timer => {
  const nowMillis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const all = new Set<Waiting>()
  let wakesAtMillis = Infinity
  let sleeper: Fiber.Fiber<void> | undefined

  const sleepUntil = (atMillis: number): void => {
    if (atMillis >= wakesAtMillis) return
    sleeper?.interruptUnsafe()
    wakesAtMillis = atMillis
    const sleep = clock.sleep(Duration.millis(Math.max(0, Math.ceil(atMillis - nowMillis()))))
    sleeper = Effect.runFork(Effect.andThen(sleep, wake))
  }

  const wake = Effect.sync(() => {
    sleeper = undefined
    // What rings sets its alarm anew; the earliest of these is known only afterwards, and until then there is no timer to replace.
    wakesAtMillis = -Infinity
    try {
      ringDue(all, nowMillis())
    } finally {
      wakesAtMillis = Infinity
      let nextMillis = Infinity
      for (const { dueMillis } of all) nextMillis = Math.min(nextMillis, dueMillis)
      sleepUntil(nextMillis)
    }
  })

  return {
    wait: (waiting, atMillis) => {
      all.add(waiting)
      waiting.dueMillis = atMillis
      sleepUntil(atMillis)
    },
    forget: (waiting) => {
      waiting.dueMillis = Infinity
      all.delete(waiting)
      if (all.size > 0) return
      sleeper?.interruptUnsafe()
      sleeper = undefined
      wakesAtMillis = Infinity
    }
  }
}

const ringDue = (all: ReadonlySet<Waiting>, nowMillis: number): void => {
  for (const waiting of [...all].filter(({ dueMillis }) => dueMillis <= nowMillis)) {
    // Another one's ring may have cleared it or put it off.
    if (waiting.dueMillis > nowMillis) continue
    waiting.dueMillis = Infinity
    waiting.ring()
  }
}
