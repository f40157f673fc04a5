/** Counts per key over a second: a bound on what one peer can make a node do. */

interface Tally {
  /** When the first of it was counted. */
  readonly sinceMillis: number
  count: number
}

/** Each key's second begins with what it does first in it; a key is forgotten when its second is over, two seconds later at most. */
export interface RateWindow {
  turnedAtMillis: number
  /** Tallies that began before `turnedAtMillis`, and those after. */
  before: Map<string, Tally>
  since: Map<string, Tally>
}

/** A window that has counted nothing. */
export const makeRateWindow = (): RateWindow => ({
  turnedAtMillis: Number.NEGATIVE_INFINITY,
  before: new Map(),
  since: new Map()
})

/** Whether `key` may do it once more in its second; counts it when it may. */
export const allowed = (window: RateWindow, key: string, perSecond: number, nowMillis: number): boolean => {
  if (nowMillis - window.turnedAtMillis >= 1000) turn(window, nowMillis)
  const tally = window.since.get(key) ?? window.before.get(key)
  if (tally === undefined || nowMillis - tally.sinceMillis >= 1000) {
    if (perSecond < 1) return false
    window.since.set(key, { sinceMillis: nowMillis, count: 1 })
    return true
  }
  if (tally.count >= perSecond) return false
  tally.count += 1
  return true
}

const turn = (window: RateWindow, nowMillis: number): void => {
  window.before = window.since
  window.since = new Map()
  window.turnedAtMillis = nowMillis
}
