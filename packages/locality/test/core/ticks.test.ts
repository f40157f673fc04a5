import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { nextTick } from "../../src/core/ticks.ts"

describe("ticks", () => {
  it("a quick turn is followed by the next tick", () => {
    assert.deepStrictEqual(nextTick(90, 95, 90), { dueMillis: 180, dropped: 0 })
  })
  it("a turn of two and a half intervals drops two ticks and stays on the grid", () => {
    assert.deepStrictEqual(nextTick(90, 315, 90), { dueMillis: 360, dropped: 2 })
  })
  it("property: the next tick lies after now, at most one interval away, on the grid", () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), fc.integer({ min: 1, max: 500 }), (due, late, interval) => {
        const next = nextTick(due, due + late, interval)
        assert.isAbove(next.dueMillis, due + late)
        assert.isAtMost(next.dueMillis, due + late + interval)
        assert.strictEqual(next.dueMillis, due + (next.dropped + 1) * interval)
      })
    )
  })
})
