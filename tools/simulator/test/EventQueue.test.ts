import * as fc from "fast-check"
import { assert, describe, it } from "vitest"

import { EventQueue } from "../src/EventQueue.ts"

const drain = <A>(queue: EventQueue<A>, untilMillis = Number.POSITIVE_INFINITY): ReadonlyArray<A> => {
  const items: Array<A> = []
  for (let next = queue.popUntil(untilMillis); next !== undefined; next = queue.popUntil(untilMillis))
    items.push(next.item)
  return items
}

describe("EventQueue", () => {
  it("gives items in the order of their times, and of one time in the order of insertion", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new EventQueue<readonly [number, number]>()
        for (const [order, at] of times.entries()) queue.push(at, [at, order])
        const expected = times
          .map((at, order) => [at, order] as const)
          .toSorted(([a, i], [b, j]) => a - b || i - j)
        assert.deepStrictEqual(drain(queue), expected)
      })
    )
  })

  it("keeps what is due later", () => {
    const queue = new EventQueue<string>()
    queue.push(30, "late")
    queue.push(10, "early")
    assert.deepStrictEqual(drain(queue, 20), ["early"])
    assert.strictEqual(queue.size, 1)
    assert.deepStrictEqual(drain(queue, 30), ["late"])
    assert.strictEqual(queue.size, 0)
  })
})
