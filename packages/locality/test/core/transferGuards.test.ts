import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  forgive,
  type GuardState,
  isBackedOff,
  recordAttempt,
  recordEnd,
  recordWish,
  seeLeadership,
  unguarded,
  whyWait
} from "../../src/core/transferGuards.ts"
import { patient } from "../support/quorumViews.ts"

const attempt = (atMillis: number, term = 1) => ({ from: "a", to: "b", term, atMillis, voluntary: true })
const failed = { target: "b", moved: false, freezeMillis: 15_000 }
const wait = (state: GuardState, nowMillis: number) =>
  whyWait(state, { target: "b", gainMillis: 9 }, patient, { nowMillis, agentRestMillis: 0 })

describe("transferGuards", () => {
  it("a target that was not reached is left alone for 1 min, then 2, 4, up to an hour; success forgets that", () => {
    let state = unguarded
    for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
      state = recordEnd(state, failed, 0)
      assert.isTrue(isBackedOff(state, "b", minutes * 60_000 - 1), `${minutes} min`)
      assert.isFalse(isBackedOff(state, "b", minutes * 60_000), `${minutes} min`)
    }
    assert.isFalse(isBackedOff(state, "c", 0))
    assert.isFalse(isBackedOff(recordEnd(state, { ...failed, moved: true }, 0), "b", 1))
  })
  it("after a failure the whole group rests at least as long as engines refuse writes", () => {
    const state = recordEnd(unguarded, failed, 0)
    assert.deepInclude(wait(state, 14_999), { _tag: "cooldown", remainingMillis: 1 })
    assert.strictEqual(wait(state, 15_000)?._tag, "settling")
  })
  it("two accounts of one attempt count once, another attempt of the same term counts again", () => {
    let state = recordAttempt(unguarded, attempt(0), 0)
    state = recordAttempt(state, attempt(9000), 9000)
    assert.strictEqual(state.attempts.length, 1)
    state = recordAttempt(state, attempt(20_000), 20_000)
    assert.strictEqual(state.attempts.length, 2)
  })
  it("attempts are forgotten after a day, and at once when an operator forgives them", () => {
    const state = recordAttempt(unguarded, attempt(0), 0)
    assert.deepStrictEqual(recordAttempt(state, attempt(90_000_000, 2), 90_000_000).attempts, [
      attempt(90_000_000, 2)
    ])
    const forgiven = forgive(state, 1000)
    assert.deepStrictEqual(forgiven.attempts, [])
    assert.deepStrictEqual(
      recordAttempt(forgiven, attempt(0), 2000).attempts,
      [],
      "another agent still tells of it"
    )
  })
  it("an attempt that turned out costly freezes the group for a day, also when only heard of, until forgiven", () => {
    const known = recordAttempt(unguarded, attempt(0), 0)
    const told = recordAttempt(known, { ...attempt(2000), costly: true }, 60_000)
    assert.strictEqual(told.attempts.length, 1)
    assert.deepStrictEqual(recordAttempt(told, attempt(2000), 60_000), told, "an older account")
    assert.deepInclude(wait(told, 3_600_000), {
      _tag: "frozen",
      cause: "payback",
      remainingMillis: 23 * 3_600_000
    })
    assert.strictEqual(wait(told, 86_400_000)?._tag, "settling")
    assert.strictEqual(wait(forgive(told, 3_600_000), 3_600_000)?._tag, "settling")
    const evacuation = { ...attempt(0), voluntary: false, costly: true }
    assert.strictEqual(wait(recordAttempt(unguarded, evacuation, 0), 3_600_000)?._tag, "settling")
  })
  it("where the engine chose, nobody is left alone for it", () => {
    const state = recordEnd(unguarded, { ...failed, target: undefined }, 0)
    assert.deepStrictEqual([...state.backoff], [])
    assert.deepInclude(wait(state, 14_999), { _tag: "cooldown", remainingMillis: 1 })
  })
  it("a new leader or term, another target, or none, begins the wish anew", () => {
    const wanting = recordWish(recordWish(seeLeadership(unguarded, "a", 1, 0), "b", 0), "b", 1)
    assert.deepStrictEqual(wanting.wish, { target: "b", evaluations: 2, sinceMillis: 0 })
    assert.strictEqual(seeLeadership(wanting, "a", 1, 2).wish, wanting.wish)
    assert.isUndefined(seeLeadership(wanting, "a", 2, 2).wish)
    assert.deepStrictEqual(recordWish(wanting, "c", 2).wish, { target: "c", evaluations: 1, sinceMillis: 2 })
    assert.isUndefined(recordWish(wanting, undefined, 2).wish)
  })
  it("property: never more attempts in a day than the budget, and never two within the cooldown, whatever fails", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 400, maxLength: 400 }), (ends) => {
        let state = seeLeadership(unguarded, "a", 1, 0)
        const made: Array<number> = []
        for (const [look, moved] of ends.entries()) {
          const nowMillis = look * 90_000
          state = recordWish(state, "b", nowMillis)
          if (wait(state, nowMillis) !== undefined) continue
          made.push(nowMillis)
          state = recordEnd(
            recordAttempt(state, attempt(nowMillis), nowMillis),
            { ...failed, moved },
            nowMillis
          )
        }
        assert.isAtMost(made.length, patient.attemptsPerDay)
        assert.isTrue(
          made.every((at, index) => index === 0 || at - (made[index - 1] ?? 0) >= patient.cooldownMillis)
        )
      })
    )
  })
})
