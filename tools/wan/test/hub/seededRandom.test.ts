import { assert, describe, it } from "@effect/vitest"

import { seededRandom } from "../../src/hub/seededRandom.ts"

const draw = (seed: number, count: number): ReadonlyArray<number> => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

describe("seededRandom", () => {
  it("repeats itself for one seed and differs for two", () => {
    assert.deepStrictEqual(draw(1, 5), draw(1, 5))
    assert.notDeepEqual(draw(1, 5), draw(2, 5))
  })

  it("is spread over [0, 1)", () => {
    const numbers = draw(3, 10_000)
    assert.isTrue(numbers.every((number) => number >= 0 && number < 1))
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length
    assert.closeTo(mean, 0.5, 0.02)
    assert.closeTo(numbers.filter((number) => number < 0.1).length, 1000, 150)
  })
})
