import { assert, it } from "@effect/vitest"

import { paybackMillis } from "../../src/core/payback.ts"

it("a gap is won back the sooner the more is gained, and four times as late when it is twice as long", () => {
  // 100 operations a second, 600 ms: 60 of them wait 300 ms each, 18 s in all; 236 ms less for 100 a second is 23.6 s a second.
  assert.closeTo(paybackMillis(600, 236), (18_000 / 23_600) * 1000, 1)
  assert.strictEqual(paybackMillis(1200, 236), 4 * paybackMillis(600, 236))
  assert.isAbove(paybackMillis(10_000, 5), 3_600_000)
})

it("where nothing is gained nothing is won back", () => {
  assert.strictEqual(paybackMillis(1, 0), Number.POSITIVE_INFINITY)
  assert.strictEqual(paybackMillis(1, -5), Number.POSITIVE_INFINITY)
})
