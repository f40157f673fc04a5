import { assert, describe, it } from "@effect/vitest"

import { DelayQueue } from "../../src/hub/DelayQueue.ts"
import { seededRandom } from "../../src/hub/seededRandom.ts"

const drain = <Item>(queue: DelayQueue<Item>): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  for (let item = queue.popDue(Infinity); item !== undefined; item = queue.popDue(Infinity)) items.push(item)
  return items
}

describe("DelayQueue", () => {
  it("gives nothing before its time", () => {
    const queue = new DelayQueue<string>()
    assert.isUndefined(queue.popDue(Infinity))
    queue.push(10, "a")
    assert.strictEqual(queue.nextDueMillis, 10)
    assert.isUndefined(queue.popDue(9.999))
    assert.strictEqual(queue.popDue(10), "a")
    assert.strictEqual(queue.size, 0)
  })

  it("keeps the order of equals", () => {
    const queue = new DelayQueue<number>()
    for (let item = 0; item < 100; item++) queue.push(7, item)
    assert.deepStrictEqual(
      drain(queue),
      Array.from({ length: 100 }, (_, item) => item)
    )
  })

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "gives what a stable sort gives (seed %i)",
    (seed) => {
      const random = seededRandom(seed)
      const queue = new DelayQueue<number>()
      const dues = Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 50))
      for (const [item, due] of dues.entries()) queue.push(due, item)
      const expected = [...dues.entries()].toSorted((left, right) => left[1] - right[1]).map(([item]) => item)
      assert.deepStrictEqual(drain(queue), expected)
    }
  )

  it("stays in order while items come and go", () => {
    const random = seededRandom(42)
    const queue = new DelayQueue<number>()
    let now = 0
    let latest = 0
    for (let round = 0; round < 5000; round++) {
      queue.push(now + random() * 20, now)
      now += random()
      for (let due = queue.nextDueMillis; due !== undefined && due <= now; due = queue.nextDueMillis) {
        assert.isAtLeast(due, latest - 1, "no item waits while a later one goes")
        latest = due
        queue.popDue(now)
      }
    }
  })
})
