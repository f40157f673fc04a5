import { assert, describe, it } from "vitest"

import { LeaseRecord } from "../../src/election/leaseRecord.ts"

const ttlMillis = 4000

/** A record whose lease `a#1` took at 1000 ms, with epoch 1. */
const heldByA = () => {
  const record = new LeaseRecord()
  const call = { _tag: "TakeOver", from: undefined, epochMin: 1 } as const
  assert.deepStrictEqual(record.answer({ holder: "a#1", ttlMillis, call }, 1000), { _tag: "Taken", epoch: 1 })
  return record
}

const read = (record: LeaseRecord) => {
  const answer = record.answer({ holder: "", ttlMillis, call: { _tag: "Read" } }, 0)
  return answer._tag === "Found" ? answer.lease : undefined
}

const takeOver = (record: LeaseRecord, holder: string, realMillis: number) => {
  const call = { _tag: "TakeOver", from: read(record), epochMin: 2 } as const
  return record.answer({ holder, ttlMillis, call }, realMillis)
}

describe("LeaseRecord", () => {
  it("changes only what is as the call supposes", () => {
    const record = heldByA()
    const seen = read(record)
    const renew = (holder: string, epoch: number) =>
      record.answer({ holder, ttlMillis, call: { _tag: "Renew", epoch } }, 2000)._tag
    assert.strictEqual(renew("b#1", 1), "Refused")
    assert.strictEqual(renew("a#1", 2), "Refused")
    assert.strictEqual(renew("a#1", 1), "Done")
    const stale = { _tag: "TakeOver", from: seen, epochMin: 2 } as const
    assert.strictEqual(record.answer({ holder: "b#1", ttlMillis, call: stale }, 9000)._tag, "Refused")
    assert.deepStrictEqual(read(record), { holder: "a#1", epoch: 1, seq: 2, ttlMillis })
  })

  it("notices a lease that is taken over too early, once it is held", () => {
    const early = heldByA()
    takeOver(early, "b#1", 4999)
    assert.match(early.takenOverWhenExpired()([]) ?? "", /b#1 took the lease of a#1 1\.0 ms too early/)
    const inTime = heldByA()
    takeOver(inTime, "b#1", 5000)
    assert.isUndefined(inTime.takenOverWhenExpired()([]))
    const released = heldByA()
    released.answer({ holder: "a#1", ttlMillis, call: { _tag: "Release", epoch: 1 } }, 2000)
    takeOver(released, "b#1", 2001)
    assert.isUndefined(released.takenOverWhenExpired()([]))
  })

  it("notices who leads without the lease, or after it", () => {
    const leads = heldByA().leadsByTheLease()
    assert.isUndefined(leads([{ id: "a", token: 1, untilMillis: 5000 }]))
    assert.match(leads([{ id: "a", token: 1, untilMillis: 5001 }]) ?? "", /a would lead for 1\.0 ms after/)
    assert.match(leads([{ id: "a", token: 2, untilMillis: 2000 }]) ?? "", /a leads with token 2, but/)
    assert.match(leads([{ id: "b", token: 1, untilMillis: 2000 }]) ?? "", /the lease is a#1's with epoch 1/)
  })
})
