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
  /** Ms for which the process has stood still until now, told once per stall to each node; 0 when it has not. */
  readonly take: (nowMillis: number) => number
  /** What stood still until now is known to this node. */
  readonly skip: () => void
  readonly leave: () => void
}

/** Watches for a node; `stalled` hears of what it did not `take` before. */
export const watchStalls = (clock: Clock.Clock, stalled: (millis: number) => void): StallWatcher => {
  const watch = watches.get(clock) ?? makeWatch(clock)
  watches.set(clock, watch)
  let knownDueMillis = -Infinity
  const take = (nowMillis: number): number => {
    const millis = nowMillis - watch.dueMillis()
    if (millis <= watchMillis || knownDueMillis === watch.dueMillis()) return 0
    knownDueMillis = watch.dueMillis()
    return millis
  }
  const look = (nowMillis: number): void => {
    const millis = take(nowMillis)
    if (millis > 0) stalled(millis)
  }
  const skip = (): void => {
    const isOverdue = Number(clock.monotonicTimeNanosUnsafe()) / 1e6 > watch.dueMillis()
    if (isOverdue) knownDueMillis = watch.dueMillis()
  }
  // What stood still before this node was there is none of its stalls.
  skip()
  watch.join(look)
  return {
    take,
    skip,
    leave: () => watch.leave(look)
  }
}

type Look = (nowMillis: number) => void

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
    const now = nowMillis()
    if (now - dueMillis > watchMillis) for (const look of looks) look(now)
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
