import { assert, describe, it } from "@effect/vitest"

import { emptyMatrix, recordRound } from "../../src/core/latencyMatrix.ts"
import { distinctLinks, openLinks } from "../../src/core/wantedLinks.ts"

const freshness = { nowMillis: 1_000_000, maxAgeMillis: 300_000, minRounds: 1 }
const ab = { from: "a", to: "b" }
const ba = { from: "b", to: "a" }

describe("openLinks", () => {
  it("are those that were asked for, from whichever end", () => {
    const open = openLinks([{ ...ab, askedAtMillis: 900_000 }], emptyMatrix, freshness)
    assert.isTrue(open.has(ab))
    assert.isTrue(open.has(ba))
    assert.isFalse(open.has({ from: "a", to: "c" }))
  })

  it("are open no more once the link was measured, and open again when that is too long ago", () => {
    const round = { bestMillis: 20, sent: 1, lost: 0 }
    const asked = [{ ...ab, askedAtMillis: 900_000 }]
    const measured = recordRound(emptyMatrix, ba, { ...round, atMillis: 950_000 })
    assert.isFalse(openLinks(asked, measured, freshness).has(ab))
    const stale = recordRound(emptyMatrix, ba, { ...round, atMillis: 600_000 })
    assert.isTrue(openLinks(asked, stale, freshness).has(ab))
  })

  it("are forgotten five minutes after they were asked for last", () => {
    assert.isTrue(openLinks([{ ...ab, askedAtMillis: 700_000 }], emptyMatrix, freshness).has(ab))
    assert.isFalse(openLinks([{ ...ab, askedAtMillis: 699_999 }], emptyMatrix, freshness).has(ab))
  })
})

describe("distinctLinks", () => {
  it("are each link once", () => {
    const askedAtMillis = 1
    const [one, same, other] = [
      { ...ba, askedAtMillis },
      { ...ab, askedAtMillis },
      { from: "a", to: "c", askedAtMillis }
    ]
    assert.deepStrictEqual(distinctLinks([one, other, same]), [same, other])
  })
})
