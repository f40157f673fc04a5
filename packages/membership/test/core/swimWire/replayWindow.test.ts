import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  lookAt,
  makeReplayWindow,
  markSeen,
  type ReplayWindow,
  replayWindowSize
} from "../../../src/core/swimWire/replayWindow.ts"

const take = (window: ReplayWindow, seq: number) => {
  const seen = lookAt(window, seq)
  if (seen === "new") markSeen(window, seq)
  return seen
}

describe("a replay window", () => {
  it("holds at least 1024 numbers", () => {
    assert.isAtLeast(replayWindowSize, 1024)
  })

  it("takes each number once, in any order within the window, and none older", () => {
    const gap = fc.oneof(fc.integer({ min: -2100, max: 40 }), fc.integer({ min: 1, max: 5000 }))
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.array(gap, { maxLength: 300 }), (floor, gaps) => {
        const window = makeReplayWindow(floor)
        const seen = new Set<number>()
        let highest = floor
        for (const step of gaps) {
          const seq = Math.max(1, highest + step)
          const expected =
            seq <= highest - replayWindowSize ? "stale" : seen.has(seq) || seq <= floor ? "duplicate" : "new"
          assert.strictEqual(take(window, seq), expected, `${seq} with ${highest} as the highest`)
          if (expected === "new") seen.add(seq)
          highest = Math.max(highest, expected === "new" ? seq : highest)
        }
      }),
      { numRuns: 500 }
    )
  })

  it("works at the end of the safe integers", () => {
    const window = makeReplayWindow(0)
    assert.strictEqual(take(window, Number.MAX_SAFE_INTEGER), "new")
    assert.strictEqual(take(window, Number.MAX_SAFE_INTEGER), "duplicate")
    assert.strictEqual(take(window, Number.MAX_SAFE_INTEGER - 2015), "new")
    assert.strictEqual(take(window, Number.MAX_SAFE_INTEGER - 2016), "stale")
  })
})
