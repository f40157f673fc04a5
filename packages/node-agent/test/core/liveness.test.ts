import { assert, describe, it } from "@effect/vitest"

import { judgeLiveness, seeLoop, watchLoop } from "../../src/core/liveness.ts"

const beat = watchLoop("beat", { intervalMillis: 10_000, stepMillisMax: 0 }, 0)

describe("a watched loop", () => {
  it("is alive for three intervals after it was last seen to move", () => {
    const moved = seeLoop(beat, 4, 100_000)
    assert.deepStrictEqual(judgeLiveness([moved], 0, 130_000), [
      { name: "event-loop", ok: true },
      { name: "loop.beat", ok: true }
    ])
    assert.isFalse(judgeLiveness([moved], 0, 130_001)[1]?.ok)
  })
  it("is not kept alive by being looked at", () => {
    const moved = seeLoop(beat, 4, 100_000)
    assert.strictEqual(seeLoop(moved, 4, 200_000).movedAtMillis, 100_000)
    assert.strictEqual(seeLoop(moved, 5, 200_000).movedAtMillis, 200_000)
  })
  it("counts from the start of watching until it first moves", () => {
    assert.isTrue(judgeLiveness([beat], 0, 30_000)[1]?.ok)
    assert.isFalse(judgeLiveness([beat], 0, 30_001)[1]?.ok)
  })
  it("that is fast may be silent for as long as the event loop may lag", () => {
    assert.strictEqual(watchLoop("fast", { intervalMillis: 10, stepMillisMax: 0 }, 0).silenceMillisMax, 5_000)
  })
  it("may wait for somebody else for as long as one step may take", () => {
    assert.strictEqual(
      watchLoop("slow", { intervalMillis: 90_000, stepMillisMax: 75_000 }, 0).silenceMillisMax,
      345_000
    )
  })
})

it("an event loop that is 5 s late is stuck", () => {
  assert.deepStrictEqual(judgeLiveness([], 4_999, 0), [{ name: "event-loop", ok: true }])
  assert.deepStrictEqual(judgeLiveness([], 5_000, 0), [{ name: "event-loop", ok: false }])
})
