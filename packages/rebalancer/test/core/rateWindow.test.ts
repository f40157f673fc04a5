import { assert, describe, it } from "vitest"

import {
  countRequest,
  openRateWindow,
  type RateWindow,
  requestsPerSecond
} from "../../src/core/rateWindow.ts"

const countMany = (window: RateWindow, times: ReadonlyArray<number>): RateWindow =>
  times.reduce(countRequest, window)

describe("requests per second", () => {
  it("are unknown, so 0, until the first window has closed", () => {
    const window = countMany(openRateWindow(0), [0, 10, 999])
    assert.strictEqual(requestsPerSecond(window, 999), 0)
  })

  it("are those of the window that closes when somebody looks after a second", () => {
    const window = countMany(openRateWindow(0), [0, 10, 999])
    assert.strictEqual(requestsPerSecond(window, 1000), 3)
  })

  it("are spread over the time that really passed, in hundredths", () => {
    const window = countMany(openRateWindow(0), [0])
    assert.strictEqual(requestsPerSecond(window, 3000), 0.33)
  })

  it("count the request that closes a window in the next one", () => {
    const window = countMany(openRateWindow(0), [0, 1000, 1500])
    assert.strictEqual(window.centiHertz, 100)
    assert.strictEqual(window.requests, 2)
  })

  it("fall to 0 after a quiet window", () => {
    const window = countMany(openRateWindow(0), [0, 500, 1000])
    const next = countRequest(window, 2000)
    assert.strictEqual(requestsPerSecond(countRequest(next, 60_000), 61_000), 1)
    assert.strictEqual(requestsPerSecond(openRateWindow(5000), 90_000), 0)
  })
})
