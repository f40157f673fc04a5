import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { layerSuspendClock, SuspendClock } from "../src/index.ts"
import { makeSuspendClock } from "../src/SuspendClock.ts"

/** Two clocks that a test moves. */
const machine = () => {
  let up = 5000
  let monotonic = 100
  let lost = 0
  return {
    clock: () =>
      makeSuspendClock({
        // As coarse as the real one.
        uptimeMillis: () => {
          const now = Math.floor(up / 10) * 10
          monotonic += lost
          up += lost
          lost = 0
          return now
        },
        monotonicMillis: () => monotonic
      }),
    run: (millis: number) => {
      up += millis
      monotonic += millis
    },
    suspend: (millis: number) => {
      up += millis
    },
    /** The next reading is interrupted for a while between the two clocks. */
    interruptReading: (millis: number) => {
      lost = millis
    }
  }
}

describe("SuspendClock", () => {
  it("counts time that the machine slept, and none that it ran", () => {
    const { clock, run, suspend } = machine()
    const { suspendedMillis } = clock()
    for (let step = 0; step < 1000; step++) {
      run(7.3)
      assert.strictEqual(suspendedMillis(), 0)
    }
    suspend(3_600_000)
    assert.closeTo(suspendedMillis(), 3_600_000, 10)
    run(123_456)
    assert.closeTo(suspendedMillis(), 3_600_000, 10)
    suspend(100)
    assert.closeTo(suspendedMillis(), 3_600_100, 20)
  })

  it("never falls, and does not take a slow reading for sleep", () => {
    const { clock, interruptReading, run, suspend } = machine()
    const { suspendedMillis } = clock()
    interruptReading(10_000)
    assert.strictEqual(suspendedMillis(), 0)
    run(50)
    assert.strictEqual(suspendedMillis(), 0)
    suspend(500)
    const counted = suspendedMillis()
    assert.closeTo(counted, 500, 10)
    suspend(-400)
    assert.strictEqual(suspendedMillis(), counted)
  })

  it.effect("is 0 unless a layer counts", () =>
    Effect.map(SuspendClock, ({ suspendedMillis }) => assert.strictEqual(suspendedMillis(), 0))
  )

  it.live("does not find sleep in a machine that runs", () =>
    Effect.gen(function* () {
      const { suspendedMillis } = yield* SuspendClock
      for (let look = 0; look < 2000; look++) assert.strictEqual(suspendedMillis(), 0)
    }).pipe(Effect.provide(layerSuspendClock))
  )
})
