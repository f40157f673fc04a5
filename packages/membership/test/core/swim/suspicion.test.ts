import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { swimProfiles, withParity } from "../../../src/core/swim/options.ts"
import {
  confirmSuspicion,
  startSuspicion,
  suspicionMinMillis,
  suspicionTimeoutMillis
} from "../../../src/core/swim/suspicion.ts"

const { fast, lan } = swimProfiles

describe("suspicion", () => {
  it.each([
    [0, 4000],
    [1, 4000],
    [10, 4000],
    [100, 8000],
    [1000, 12_000],
    [10_000, 16_000]
  ])("among %i members of a LAN lasts at least %i ms, at most six times that", (n, min) => {
    const { maxMillis, minMillis } = startSuspicion(lan, n, "a", 0)
    assert.strictEqual(minMillis, min)
    assert.strictEqual(maxMillis, 6 * min)
  })

  it("cuts the scale to a thousandth, as memberlist does", () => {
    assert.strictEqual(suspicionMinMillis(lan, 50), 4 * 1698)
    assert.strictEqual(suspicionMinMillis(fast, 100), 5000)
  })

  it.each([
    [0, 48_000],
    [1, 28_000],
    [2, 16_300],
    [3, 8000],
    [4, 8000]
  ])("after %i of three confirmations among 100 members lasts %i ms", (confirmations, expected) => {
    const times = { minMillis: 8000, maxMillis: 48_000, confirmationsMax: 3 }
    assert.strictEqual(suspicionTimeoutMillis(times, confirmations), expected)
  })

  it.each([
    [2, 0, 4000],
    [4, 0, 4000],
    [5, 3, 24_000]
  ])("among %i members expects %i confirmations and starts with %i ms", (n, confirmations, millis) => {
    const suspicion = startSuspicion(lan, n, "a", 1000)
    assert.strictEqual(suspicion.confirmationsMax, confirmations)
    assert.strictEqual(suspicion.deadlineMillis, 1000 + millis)
  })

  it("expects as many as memberlist in the parity profile", () => {
    assert.strictEqual(withParity(lan).confirmations, 2)
    assert.strictEqual(startSuspicion(withParity(lan), 4, "a", 0).confirmationsMax, 2)
    assert.strictEqual(startSuspicion(withParity(lan), 3, "a", 0).confirmationsMax, 0)
  })

  it("counts each accuser once, the first never, and none beyond what it expects", () => {
    const suspicion = startSuspicion(lan, 100, "a", 0)
    const accepted = ["a", "b", "b", "c", "a", "d", "e"].map((by) => confirmSuspicion(suspicion, by))
    assert.deepStrictEqual(accepted, [false, true, false, true, false, true, false])
    assert.strictEqual(suspicion.deadlineMillis, 8000)
  })

  it("only ever gets shorter, and never shorter than the least", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 0, max: 8 }), (n, confirmations) => {
        const suspicion = startSuspicion({ ...lan, confirmations }, n, "a", 0)
        for (let index = 0; index < 10; index += 1) {
          const before = suspicion.deadlineMillis
          confirmSuspicion(suspicion, `b${index}`)
          assert.isAtMost(suspicion.deadlineMillis, before)
          assert.isAtLeast(suspicion.deadlineMillis, suspicion.minMillis - 0.001)
        }
        if (suspicion.confirmationsMax > 0)
          assert.approximately(suspicion.deadlineMillis, suspicion.minMillis, 0.001)
      })
    )
  })
})
