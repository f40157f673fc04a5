import { assert, describe, it } from "@effect/vitest"

import { admit, changeLink, perfectLink } from "../../src/hub/link.ts"
import { seededRandom } from "../../src/hub/seededRandom.ts"

const first = { nowMillis: 100, lastDueMillis: Number.NEGATIVE_INFINITY, random: () => 0.5 }

const noNumber = (): never => assert.fail("no number is needed")

describe("changeLink", () => {
  it("halves a round trip and keeps what is not named", () => {
    const slow = changeLink(perfectLink, { rttMillis: 256, jitterMillis: 3 })
    assert.deepStrictEqual(slow, { delayMillis: 128, jitterMillis: 3, loss: 0, partitioned: false })
    assert.deepStrictEqual(changeLink(slow, { partitioned: true }), { ...slow, partitioned: true })
    assert.strictEqual(changeLink(slow, { delayMillis: 7 }).delayMillis, 7)
  })

  it("refuses what no link can be", () => {
    for (const change of [
      { delayMillis: -1 },
      { rttMillis: Number.NaN },
      { jitterMillis: Infinity },
      { loss: 1.1 }
    ]) {
      assert.throws(() => changeLink(perfectLink, change), RangeError)
    }
  })
})

describe("admit", () => {
  it("delays by the delay and a share of the jitter", () => {
    const condition = { ...perfectLink, delayMillis: 10, jitterMillis: 4 }
    assert.deepStrictEqual(admit(condition, first), { kind: "deliver", dueMillis: 112 })
  })

  it("lets no packet overtake another, whatever the jitter and however the delay shrinks", () => {
    const random = seededRandom(9)
    let lastDueMillis = Number.NEGATIVE_INFINITY
    for (let nowMillis = 0; nowMillis < 500; nowMillis++) {
      const condition = { ...perfectLink, delayMillis: nowMillis < 250 ? 128 : 10, jitterMillis: 50 }
      const verdict = admit(condition, { nowMillis, lastDueMillis, random })
      assert.strictEqual(verdict.kind, "deliver")
      if (verdict.kind !== "deliver") return
      assert.isAtLeast(verdict.dueMillis, lastDueMillis)
      lastDueMillis = verdict.dueMillis
    }
  })

  it("loses the share it is told to", () => {
    const random = seededRandom(5)
    const verdicts = Array.from({ length: 10_000 }, () =>
      admit({ ...perfectLink, loss: 0.3 }, { ...first, random })
    )
    assert.closeTo(verdicts.filter(({ kind }) => kind === "lost").length, 3000, 200)
  })

  it("lets nothing through a partition, and draws no number for it", () => {
    assert.deepStrictEqual(
      admit({ ...perfectLink, loss: 0.5, partitioned: true }, { ...first, random: noNumber }),
      {
        kind: "partitioned"
      }
    )
    assert.strictEqual(admit(perfectLink, { ...first, random: noNumber }).kind, "deliver")
  })
})
