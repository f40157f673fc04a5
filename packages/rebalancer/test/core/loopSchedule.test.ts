import { assert, describe, it } from "vitest"

import { nextDeadlineMillis, nextLoopEvent } from "../../src/core/loopSchedule.ts"

describe("what comes first", () => {
  const allReady = { shutdown: true, kicked: true, nowMillis: 30_000, deadlineMillis: 30_000 }

  it("is shutdown, then the tick, then the kick", () => {
    assert.strictEqual(nextLoopEvent(allReady)._tag, "Shutdown")
    assert.strictEqual(nextLoopEvent({ ...allReady, shutdown: false })._tag, "Tick")
    assert.strictEqual(nextLoopEvent({ ...allReady, shutdown: false, nowMillis: 29_999 })._tag, "Kick")
  })

  it("is waiting for the rest of the interval when nothing is due", () => {
    assert.deepStrictEqual(
      nextLoopEvent({ shutdown: false, kicked: false, nowMillis: 12_000, deadlineMillis: 30_000 }),
      { _tag: "Wait", millis: 18_000 }
    )
  })
})

describe("the next tick", () => {
  it("stays on the grid when a tick fires on time, give or take a timer's inaccuracy", () => {
    assert.strictEqual(nextDeadlineMillis(30_000, 30_000, 30_000), 60_000)
    assert.strictEqual(nextDeadlineMillis(30_000, 30_004.9, 30_000), 60_000)
  })

  it("is one whole interval after a tick that fired late", () => {
    assert.strictEqual(nextDeadlineMillis(30_000, 41_000, 30_000), 71_000)
  })

  it("does not make up for missed ticks", () => {
    assert.strictEqual(nextDeadlineMillis(30_000, 3_600_000, 30_000), 3_630_000)
  })
})
