import { assert, describe, it } from "@effect/vitest"

import { makeNoticeLimit } from "../../src/swim/noticeLimit.ts"

describe("the limit of notices", () => {
  it("tells a cause once a minute", () => {
    const mayTell = makeNoticeLimit()
    const told = [0, 1, 59_999, 60_000, 60_001].map((nowMillis) => mayTell("a", nowMillis))
    assert.deepStrictEqual(told, [true, false, false, true, false])
  })

  it("tells no more than 32 causes in a minute, however many names are invented", () => {
    const mayTell = makeNoticeLimit()
    const tellAll = (nowMillis: number) =>
      Array.from({ length: 1000 }, (_, name) => mayTell(`${name}`, nowMillis)).filter(Boolean).length
    assert.strictEqual(tellAll(0), 32)
    assert.strictEqual(tellAll(59_999), 0)
    assert.isTrue(mayTell("0", 60_000), "the oldest are forgotten")
  })
})
