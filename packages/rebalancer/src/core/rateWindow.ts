/**
 * Requests per second of one shard, cheap enough to count every request.
 *
 * The window is lazy: nothing runs between requests. Whoever touches it after a second or more closes it, and its rate stands until the
 * next one closes. Rates are fixed-point: hundredths of a hertz.
 */

/** A counting window of about one second, and the rate of the one before. */
export interface RateWindow {
  /** Monotonic time at which it opened. */
  readonly openedMillis: number
  readonly requests: number
  /** Rate of the window that closed last, in hundredths of a hertz. */
  readonly centiHertz: number
}

/** A window that opens now. */
export const openRateWindow = (nowMillis: number): RateWindow => ({
  openedMillis: nowMillis,
  requests: 0,
  centiHertz: 0
})

/** Counts one request. */
export const countRequest = (window: RateWindow, nowMillis: number): RateWindow => {
  const current = rollRateWindow(window, nowMillis)
  return { ...current, requests: current.requests + 1 }
}

/** The rate in requests per second. */
export const requestsPerSecond = (window: RateWindow, nowMillis: number): number =>
  rollRateWindow(window, nowMillis).centiHertz / 100

/** Closes the window when a second or more has passed; otherwise returns it unchanged. */
const rollRateWindow = (window: RateWindow, nowMillis: number): RateWindow => {
  const elapsedMillis = nowMillis - window.openedMillis
  if (elapsedMillis < 1000) return window
  return {
    openedMillis: nowMillis,
    requests: 0,
    centiHertz: Math.round((window.requests * 100_000) / elapsedMillis)
  }
}
