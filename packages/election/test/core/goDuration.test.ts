import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"

import { goDurationMillis } from "../../src/core/goDuration.ts"

it("reads durations as Go prints them", () => {
  const readings: ReadonlyArray<readonly [string, number]> = [
    ["0", 0],
    ["0s", 0],
    ["1s", 1000],
    ["17.430857ms", 17.430857],
    ["1m30s", 90_000],
    ["1h0m0.5s", 3_600_500],
    ["250µs", 0.25],
    ["250us", 0.25],
    ["5ns", 5e-6]
  ]
  for (const [text, millis] of readings) assert.closeTo(goDurationMillis(text) ?? -1, millis, 1e-9, text)
})

it("is undefined for everything else", () => {
  for (const text of ["", "never", "1", "s", "1s ", "-1s", "1.s", "1d"]) {
    assert.isUndefined(goDurationMillis(text), text)
  }
})

it("hours, minutes and seconds add up", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(59), fc.nat(59), (h, m, s) => {
      assert.strictEqual(goDurationMillis(`${h}h${m}m${s}s`), ((h * 60 + m) * 60 + s) * 1000)
    })
  )
})
