import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { addRound, estimateLink, noRounds, roundsKept } from "../../src/core/linkRounds.ts"

const roundsOf = (values: ReadonlyArray<number | undefined>) =>
  values.reduce(
    (rounds, bestMillis, index) =>
      addRound(rounds, {
        atMillis: index * 1000,
        bestMillis,
        sent: 3,
        lost: bestMillis === undefined ? 3 : 0
      }),
    noRounds
  )

describe("linkRounds", () => {
  it("a link that never answered has no estimate", () => {
    assert.isUndefined(estimateLink(noRounds))
    assert.isUndefined(estimateLink(roundsOf([undefined, undefined])))
  })
  it("the estimate is the median of the last eight rounds, with their spread", () => {
    assert.deepStrictEqual(estimateLink(roundsOf([900, 900, 10, 20, 30, 40, 50, 60, 70, 80])), {
      p50Millis: 45,
      p90Millis: 73,
      iqrMillis: 35,
      rounds: 8,
      loss: 0,
      measuredAtMillis: 9000,
      probedAtMillis: 9000
    })
  })
  it("what a link was like outlives an outage, which shows as loss", () => {
    const during = estimateLink(roundsOf([20, 20, 20, undefined, undefined, undefined, undefined]))
    assert.deepInclude(during, { p50Millis: 20, rounds: 3, measuredAtMillis: 2000, probedAtMillis: 6000 })
    assert.closeTo(during?.loss ?? 0, 4 / 7, 1e-9)
    const long = estimateLink(roundsOf([20, ...Array.from({ length: 30 }, () => undefined)]))
    assert.deepInclude(long, { p50Millis: 20, loss: 1 })
  })
  it("property: slow rounds up to half of the window move the estimate no farther than the honest ones reach", () => {
    const honest = fc.double({ min: 10, max: 20, noNaN: true })
    const slow = fc.double({ min: 10, max: 10_000, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(honest, { minLength: 5, maxLength: 5 }),
        fc.array(slow, { minLength: 3, maxLength: 3 }),
        (good, bad) => {
          const estimate = estimateLink(roundsOf([...good, ...bad]))
          assert.isAtMost(estimate?.p50Millis ?? Number.NaN, 20)
          assert.isAtLeast(estimate?.p50Millis ?? Number.NaN, 10)
          assert.strictEqual(estimate?.rounds, roundsKept)
        }
      )
    )
  })
})
