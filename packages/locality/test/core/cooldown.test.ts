import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { forgetElapsed, freezeUntil, noAttempts, recordAttempt, restMillis } from "../../src/core/cooldown.ts"

const cooldown = 600_000

describe("cooldown", () => {
  it("a fresh group has no rest", () => {
    assert.strictEqual(restMillis(noAttempts, "g", 0, cooldown), 0)
  })
  it("an attempt starts the rest of its group and of no other", () => {
    const attempts = recordAttempt(noAttempts, "g", 1000)
    assert.strictEqual(restMillis(attempts, "g", 1000, cooldown), cooldown)
    assert.strictEqual(restMillis(attempts, "other", 1000, cooldown), 0)
  })
  it("the rest is over at exactly 600 s, and not a moment earlier", () => {
    const attempts = recordAttempt(noAttempts, "g", 1000)
    assert.isAbove(restMillis(attempts, "g", 1000 + 599_999, cooldown), 0)
    assert.strictEqual(restMillis(attempts, "g", 1000 + 600_000, cooldown), 0)
  })
  it("a freeze outlasts a short cooldown and never shortens a long one", () => {
    const attempts = freezeUntil(recordAttempt(noAttempts, "g", 0), "g", 15_000)
    assert.strictEqual(restMillis(attempts, "g", 1000, 2000), 14_000)
    assert.strictEqual(restMillis(attempts, "g", 1000, cooldown), cooldown - 1000)
  })
  it("a new attempt ends an old freeze", () => {
    const frozen = freezeUntil(recordAttempt(noAttempts, "g", 0), "g", 15_000)
    assert.strictEqual(restMillis(recordAttempt(frozen, "g", 10), "g", 20, 5), 0)
  })
  it("only an attempted group can freeze", () => {
    assert.strictEqual(freezeUntil(noAttempts, "g", 15_000), noAttempts)
  })

  it("property: forgetting elapsed attempts changes no rest, now or later", () => {
    const attempt = fc.record({ group: fc.constantFrom("a", "b", "c"), at: fc.nat(100), freeze: fc.nat(200) })
    fc.assert(
      fc.property(fc.array(attempt), fc.nat(300), fc.nat(100), fc.nat(100), (history, now, later, rest) => {
        let attempts = noAttempts
        for (const { group, at, freeze } of history) {
          attempts = freezeUntil(recordAttempt(attempts, group, at), group, at + freeze)
        }
        const kept = forgetElapsed(attempts, now, rest)
        for (const group of ["a", "b", "c"]) {
          const time = now + later
          assert.strictEqual(restMillis(kept, group, time, rest), restMillis(attempts, group, time, rest))
        }
        for (const group of kept.keys()) assert.isAbove(restMillis(kept, group, now, rest), 0)
      })
    )
  })
})
