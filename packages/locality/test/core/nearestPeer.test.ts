import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import type { GroupView } from "../../src/core/LeaderPolicy.ts"
import { nearestPeer } from "../../src/core/nearestPeer.ts"

const view = (row: Readonly<Record<string, number>>, changes: Partial<GroupView> = {}): GroupView => ({
  self: "me",
  leader: "me",
  rowMillis: new Map(Object.entries(row)),
  unreachable: [],
  cooldownRemainingMillis: 0,
  rttThresholdMillis: 100,
  ...changes
})

const targetOf = (seen: GroupView): string | undefined => {
  const verdict = nearestPeer(seen)
  return verdict._tag === "Transfer" ? verdict.target : undefined
}
const reasonOf = (seen: GroupView): string | undefined => {
  const verdict = nearestPeer(seen)
  return verdict._tag === "Stay" ? verdict.reason._tag : undefined
}

const down = [{ id: "x", detail: "no answer" }]

describe("nearestPeer: golden vectors", () => {
  it("an isolated leader hands over to the nearest voter", () => {
    assert.strictEqual(targetOf(view({ A: 256, B: 235 })), "B")
  })
  it("one near voter is enough to stay", () => {
    assert.strictEqual(reasonOf(view({ B: 20, C: 256 })), "withinThreshold")
  })
  it("rotates between neighbours that are both far", () => {
    assert.strictEqual(targetOf(view({ a: 250, b: 210 })), "b")
  })
  it.each([
    [{ leader: "p" }, "notLeader"],
    [{ leader: undefined }, "notLeader"],
    [{ unreachable: down }, "voterUnreachable"],
    [{ cooldownRemainingMillis: 1 }, "cooldown"]
  ] as const)("the guard %j keeps leadership: %s", (guard, reason) => {
    assert.strictEqual(reasonOf(view({ p: 300 }, guard)), reason)
  })
  it("a group of one voter stays", () => {
    assert.strictEqual(reasonOf(view({})), "singleVoter")
  })
  it("exactly at the threshold stays", () => {
    assert.strictEqual(reasonOf(view({ p: 100 })), "withinThreshold")
  })
  it("a hair above the threshold moves", () => {
    assert.strictEqual(targetOf(view({ p: 100.000001 })), "p")
  })
})

describe("nearestPeer", () => {
  it("takes the smallest id of several nearest voters, whatever their order", () => {
    assert.strictEqual(targetOf(view({ c: 200, a: 200, b: 200, d: 201 })), "a")
  })
  it("names what it would do while it rests", () => {
    assert.deepStrictEqual(nearestPeer(view({ p: 300 }, { cooldownRemainingMillis: 42 })), {
      _tag: "Stay",
      reason: { _tag: "cooldown", target: "p", gainMillis: 300, remainingMillis: 42 }
    })
  })

  it("weakness: two mutual neighbours beyond the threshold hand over to each other for ever", () => {
    const rtt: Readonly<Record<string, Readonly<Record<string, number>>>> = {
      a: { b: 160, c: 370 },
      b: { a: 160, c: 260 }
    }
    // The cooldown belongs to a node, so the new leader's is over.
    const next = (leader: string) => targetOf(view(rtt[leader] ?? {}, { self: leader, leader }))
    assert.strictEqual(next("a"), "b")
    assert.strictEqual(next("b"), "a")
  })

  const row = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }),
    fc.double({ min: 0, max: 1000, noNaN: true })
  )

  it("property: the target is a measured voter, beyond the threshold, and no voter is nearer", () => {
    fc.assert(
      fc.property(row, fc.double({ min: 0, max: 500, noNaN: true }), (rtts, rttThresholdMillis) => {
        const seen = view(rtts, { rttThresholdMillis })
        const target = targetOf(seen)
        const nearest = Math.min(...seen.rowMillis.values())
        assert.strictEqual(target !== undefined, seen.rowMillis.size > 0 && nearest > rttThresholdMillis)
        if (target !== undefined) assert.strictEqual(seen.rowMillis.get(target), nearest)
      })
    )
  })
  it("property: the order of the row does not matter", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string(), fc.constantFrom(150, 200, 250)), { selector: ([id]) => id }),
        (rtts) => {
          const forward = nearestPeer(view({}, { rowMillis: new Map(rtts) }))
          const backward = nearestPeer(view({}, { rowMillis: new Map(rtts.toReversed()) }))
          assert.deepStrictEqual(forward, backward)
        }
      )
    )
  })
  it("property: any guard keeps leadership", () => {
    const guard = fc.constantFrom<Partial<GroupView>>(
      { leader: "other" },
      { unreachable: down },
      { cooldownRemainingMillis: 1 }
    )
    fc.assert(
      fc.property(row, guard, (rtts, changes) => assert.strictEqual(targetOf(view(rtts, changes)), undefined))
    )
  })
})
