import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { compareKeys, joinKeys, type MemberKey } from "../../../src/core/swim/memberKey.ts"

/** Few values, so that keys often agree in their first parts. */
const key = fc.record({
  generation: fc.integer({ min: 0, max: 2 }),
  instance: fc.constantFrom("0a".repeat(16), "f1".repeat(16)),
  incarnation: fc.integer({ min: 0, max: 2 }),
  kind: fc.constantFrom("alive" as const, "suspect" as const, "dead" as const, "left" as const)
}) satisfies fc.Arbitrary<MemberKey>

const same = (one: MemberKey, other: MemberKey) => compareKeys(one, other) === 0

describe("keys", () => {
  it("are in one order", () => {
    fc.assert(
      fc.property(key, key, key, (a, b, c) => {
        assert.strictEqual(Math.sign(compareKeys(a, b)), -Math.sign(compareKeys(b, a)) + 0)
        if (compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0) assert.isAtMost(compareKeys(a, c), 0)
      })
    )
  })

  it("join the same whatever the order, the grouping and the number of times", () => {
    fc.assert(
      fc.property(key, key, key, (a, b, c) => {
        assert(same(joinKeys(a, b), joinKeys(b, a)), "commutative")
        assert(same(joinKeys(joinKeys(a, b), c), joinKeys(a, joinKeys(b, c))), "associative")
        assert(same(joinKeys(a, a), a), "idempotent")
        assert.isAtLeast(compareKeys(joinKeys(a, b), a), 0)
        assert.isAtLeast(compareKeys(joinKeys(a, b), b), 0)
      })
    )
  })

  it("rank generation, instance, goodbye, incarnation, standing, in this order", () => {
    const base = { generation: 1, instance: "a", incarnation: 1, kind: "alive" } as const
    const rising: ReadonlyArray<MemberKey> = [
      base,
      { ...base, kind: "suspect" },
      { ...base, kind: "dead" },
      { ...base, incarnation: 2 },
      { ...base, incarnation: 0, kind: "left" },
      { ...base, instance: "b", incarnation: 0 },
      { ...base, generation: 2, instance: "", incarnation: 0 }
    ]
    for (const [index, key] of rising.entries()) {
      for (const [other, against] of rising.entries()) {
        assert.strictEqual(Math.sign(compareKeys(key, against)), Math.sign(index - other))
      }
    }
  })
})
