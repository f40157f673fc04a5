import { assert, describe, it } from "vitest"

import { makeRandom } from "../src/Random.ts"

const numbers = (seed: number): ReadonlyArray<number> => {
  const random = makeRandom(seed)
  return Array.from({ length: 10_000 }, () => random.next())
}

describe("makeRandom", () => {
  it("gives the same numbers for the same seed, and others for another", () => {
    assert.deepStrictEqual(numbers(7), numbers(7))
    assert.notDeepEqual(numbers(7), numbers(8))
  })

  it("is uniform in [0, 1)", () => {
    for (const seed of [0, 1, -5, 2 ** 31]) {
      const drawn = numbers(seed)
      assert.isTrue(drawn.every((number) => number >= 0 && number < 1))
      for (let tenth = 0; tenth < 10; tenth++) {
        const share = drawn.filter((number) => Math.floor(number * 10) === tenth).length / drawn.length
        assert.closeTo(share, 0.1, 0.015, `seed ${seed}, from ${tenth / 10}`)
      }
    }
  })

  it("does not pick from nothing", () => {
    assert.throws(() => makeRandom(1).pick([]), RangeError)
  })
})
