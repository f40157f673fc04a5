import { assert, describe, it } from "@effect/vitest"

import { whyNoLonger, whyNotOurs } from "../../src/core/ownership.ts"

const ours = { self: "a", leader: "a", term: 7, electing: false } as const

describe("ownership", () => {
  it("a group that the local node leads in peace is ours", () => {
    assert.isUndefined(whyNotOurs(ours))
  })
  it.each([
    [{ leader: "b" }, { _tag: "notLeader", leader: "b" }],
    [{ leader: undefined }, { _tag: "electing" }],
    [{ electing: true }, { _tag: "electing" }],
    [{ leader: "b", electing: true }, { _tag: "electing" }]
  ] as const)("%j is not: %j", (change, reason) => {
    assert.deepStrictEqual(whyNotOurs({ ...ours, ...change }), reason)
  })
  it("a measurement holds while leader and term stay", () => {
    assert.isUndefined(whyNoLonger(ours, { ...ours }))
    assert.isUndefined(whyNoLonger({ ...ours, term: undefined }, { ...ours, term: undefined }))
  })
  it("a measurement of an older term no longer holds, even when the same node leads again", () => {
    assert.deepStrictEqual(whyNoLonger(ours, { ...ours, term: 9 }), { _tag: "settling" })
    assert.deepStrictEqual(whyNoLonger(ours, { ...ours, leader: "b", term: 8 }), {
      _tag: "notLeader",
      leader: "b"
    })
  })
})
