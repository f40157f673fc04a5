import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { append, eventsAfter, makeEventRing, oldestId } from "../../src/core/eventRing.ts"

/** A ring after so many events, each its own number. */
const ringOf = (count: number, capacity: number, firstId = 100) => {
  const ring = makeEventRing<number>(firstId, capacity)
  for (let id = firstId; id < firstId + count; id++) append(ring, id)
  return ring
}

describe("the newest events", () => {
  it("come after the last one that a reader had, without a gap while it is kept", () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: -10, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (count, capacity, offset, most) => {
          const ring = ringOf(count, capacity)
          const after = 99 + offset
          const { events, lastId, missed } = eventsAfter(ring, after, most)
          assert.strictEqual(missed, after + 1 < oldestId(ring) || after >= 100 + count)
          const from = missed ? oldestId(ring) : after + 1
          const expected = Array.from({ length: 100 + count - from }, (_, index) => from + index)
          assert.deepStrictEqual(events, expected.slice(0, most))
          assert.strictEqual(lastId, events.at(-1) ?? from - 1)
        }
      )
    )
  })

  it("take no more room than the ring has", () => {
    assert.strictEqual(ringOf(1000, 8).slots.length, 8)
  })
})
