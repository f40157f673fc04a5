import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { isDeeperThan } from "../../src/core/jsonDepth.ts"

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0

describe("isDeeperThan", () => {
  it("agrees with the depth of the parsed value", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 0, max: 8 }), (text, depthMax) => {
        assert.strictEqual(isDeeperThan(text, depthMax), depthOf(JSON.parse(text)) > depthMax)
      })
    )
  })

  it("is not fooled by brackets and escapes inside strings", () => {
    assert.isFalse(isDeeperThan(String.raw`["[[[[", "\"[[[[", "\\"]`, 1))
  })

  it("finds a bomb of brackets without recursion", () => {
    assert.isTrue(isDeeperThan("[".repeat(65_000), 64))
  })
})
