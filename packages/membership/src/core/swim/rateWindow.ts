/** Counts per key in the current second: a bound on what one peer can make a node do. */

/** Counts since `startMillis`; forgotten as a whole, so it never holds more keys than one second brings. */
export interface RateWindow {
  startMillis: number
  readonly counts: Map<string, number>
}

/** A window that has counted nothing. */
export const makeRateWindow = (): RateWindow => ({ startMillis: Number.NEGATIVE_INFINITY, counts: new Map() })

/** Whether `key` may do it once more in this second; counts it when it may. */
export const allowed = (window: RateWindow, key: string, perSecond: number, nowMillis: number): boolean => {
  if (nowMillis - window.startMillis >= 1000) {
    window.startMillis = nowMillis
    window.counts.clear()
  }
  const count = window.counts.get(key) ?? 0
  if (count >= perSecond) return false
  window.counts.set(key, count + 1)
  return true
}
