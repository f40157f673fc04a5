import { assert, it } from "vitest"

import { compareIds, compareTotal } from "../../src/core/order.ts"

it("orders node ids by code unit, so that every node agrees whatever its locale", () => {
  assert.deepStrictEqual(["b", "a", "B", "10", "9", "ä"].toSorted(compareIds), [
    "10",
    "9",
    "B",
    "a",
    "b",
    "ä"
  ])
})

it("orders all numbers, -0 before 0 and NaN last", () => {
  const sorted = [Number.NaN, 0, Infinity, -0, 1, -Infinity, Number.NaN, -1].toSorted(compareTotal)
  assert.deepStrictEqual(sorted, [-Infinity, -1, -0, 0, 1, Infinity, Number.NaN, Number.NaN])
  assert.isTrue(Object.is(sorted[2], -0))
})
