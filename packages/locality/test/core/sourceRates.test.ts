import { assert, it } from "@effect/vitest"

import { type SourceRates, takeToken } from "../../src/core/sourceRates.ts"

const taken = (rates: SourceRates, source: string, nowMillis: number, tries: number) =>
  Array.from({ length: tries }, () => takeToken(rates, source, nowMillis)).filter(Boolean).length

it("a source has a hundred at once and a hundred a second, whatever others do", () => {
  const rates: SourceRates = new Map()
  assert.strictEqual(taken(rates, "a", 0, 500), 100)
  assert.strictEqual(taken(rates, "b", 0, 10), 10)
  assert.strictEqual(taken(rates, "a", 50, 500), 5)
  assert.strictEqual(taken(rates, "a", 3_600_000, 500), 100)
})

it("a flood of sources is forgotten, the oldest first", () => {
  const rates: SourceRates = new Map()
  for (let source = 0; source < 5000; source++) takeToken(rates, String(source), source)
  assert.strictEqual(rates.size, 1024)
  assert.isTrue(rates.has("4999"))
  assert.isFalse(rates.has("3975"))
})
