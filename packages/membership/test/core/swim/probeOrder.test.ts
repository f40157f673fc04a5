import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { nextInOrder, permute, startProbeOrder } from "../../../src/core/swim/probeOrder.ts"
import { randomFrom } from "./swimWorld.ts"

describe("probe order", () => {
  it("is a permutation for every key", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.nat(), (bits, key) => {
        const values = Array.from({ length: 2 ** bits }, (_, value) => permute(value, bits, key))
        assert.strictEqual(new Set(values).size, values.length)
        for (const value of values) assert.isBelow(value, 2 ** bits)
      })
    )
  })

  it("comes to every live member at least once in 2N - 1 rounds, also to those that join on the way", () => {
    const small = fc.integer({ min: 0, max: 16 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), small, small, fc.nat(), (live, gone, joining, seed) => {
        const random = randomFrom(seed)
        const order = startProbeOrder()
        const lastSeen = Array.from({ length: live }, () => 0)
        for (let round = 1; round <= 8 * (live + joining); round += 1) {
          // One more joins every other round; the slots of the gone lie before those of all who live.
          if (lastSeen.length < live + joining && round % 2 === 0) lastSeen.push(round - 1)
          const size = gone + lastSeen.length
          const slot = nextInOrder(order, size, random, (candidate) => candidate >= gone)
          assert(slot !== undefined)
          lastSeen[slot - gone] = round
          const longest = 2 * lastSeen.length - 1
          for (const [member, seen] of lastSeen.entries()) {
            assert.isAtMost(round - seen, longest, `member ${member}`)
          }
        }
      })
    )
  })

  it("differs from pass to pass, and puts no slot at a place of its own", () => {
    const random = randomFrom(42)
    const order = startProbeOrder()
    const places = Array.from({ length: 16 }, () => 0)
    const passes = 4000
    for (let pass = 0; pass < passes; pass += 1) {
      const walk = Array.from({ length: 16 }, () => nextInOrder(order, 16, random, () => true))
      const place = walk.indexOf(5)
      places[place] = (places[place] ?? 0) + 1
    }
    for (const count of places) assert.approximately(count, passes / 16, passes / 32)
  })

  it("comes as soon to those whom a doubling of the roster brought as to the others", () => {
    const random = randomFrom(7)
    const runs = 2000
    let newest = 0
    for (let run = 0; run < runs; run += 1) {
      const order = startProbeOrder()
      for (let round = 0; round < 8; round += 1) nextInOrder(order, 16, random, () => true)
      const next = Array.from({ length: 12 }, () => nextInOrder(order, 32, random, () => true))
      newest += next.filter((slot) => slot !== undefined && slot >= 16).length
    }
    // Half of the first 16 have had their turn: 8 of them are left beside 16 new ones.
    assert.approximately(newest / runs, (12 * 16) / 24, 0.2)
  })

  it("ends when nobody is wanted", () => {
    assert.isUndefined(nextInOrder(startProbeOrder(), 5, Math.random, () => false))
    assert.isUndefined(nextInOrder(startProbeOrder(), 0, Math.random, () => true))
  })
})
