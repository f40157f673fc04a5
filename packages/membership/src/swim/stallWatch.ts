/**
 * Notices that the process stood still, even when no node had anything due: one watch for all nodes that share a clock.
 *
 * A watch per node would wake the process ten times a second for each of them, which costs more than the protocol itself at rest.
 */
import type { Clock } from "effect"

import { makeAlarm } from "./alarm.ts"

/** The watch looks this often, in ms; it is late when it looks more than this after its time. */
const watchMillis = 100

/** One node's share in the watch. */
export interface StallWatcher {
  /** Ms for which the process has stood still until now; 0 when it has not. Says so again until the watch has looked. */
  readonly late: (nowMillis: number) => number
  readonly leave: () => void
}

/** Watches for a node; `stalled` hears when the watch itself is late. */
export const watchStalls = (clock: Clock.Clock, stalled: (millis: number) => void): StallWatcher => {
  const watch = watches.get(clock) ?? makeWatch(clock)
  watches.set(clock, watch)
  watch.join(stalled)
  return {
    late: (nowMillis) => lateBy(nowMillis - watch.dueMillis()),
    leave: () => watch.leave(stalled)
  }
}

const lateBy = (millis: number): number => (millis > watchMillis ? millis : 0)

type Look = (millis: number) => void

interface Watch {
  /** When the watch looks next, or should have looked. */
  readonly dueMillis: () => number
  readonly join: (look: Look) => void
  readonly leave: (look: Look) => void
}

const watches = new WeakMap<Clock.Clock, Watch>()

/** A watch that runs while somebody takes part. */
const makeWatch = (clock: Clock.Clock): Watch => {
  const nowMillis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const looks = new Set<Look>()
  let dueMillis = Infinity
  const rest = (): void => {
    dueMillis = nowMillis() + watchMillis
    alarm.set(dueMillis)
  }
  const alarm = makeAlarm(clock, () => {
    const millis = lateBy(nowMillis() - dueMillis)
    if (millis > 0) for (const look of looks) look(millis)
    if (looks.size > 0) rest()
  })

  return {
    dueMillis: () => dueMillis,
    join: (look) => {
      if (looks.size === 0) rest()
      looks.add(look)
    },
    leave: (look) => {
      looks.delete(look)
      if (looks.size > 0) return
      alarm.clear()
      dueMillis = Infinity
    }
  }
}
