import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  enqueueFact,
  enqueueUser,
  type GossipQueue,
  isQueued,
  makeGossipQueue,
  takeItems,
  transmitLimit
} from "../../../src/core/swim/dissemination.ts"
import type { MemberFact } from "../../../src/core/swim/memberRecord.ts"
import type { UserEvent } from "../../../src/core/swim/messages.ts"
import { recordOf } from "./swimWorld.ts"

const evidence = { cause: "silence", helpers: 3, nacks: 3, stream: false, confirmations: 0 } as const
const suspected = (id: string, by: string, incarnation = 0): MemberFact => ({
  kind: "suspect",
  id,
  generation: 1,
  instance: recordOf(id).instance,
  incarnation,
  by,
  evidence
})
const event = (name: string, bytes: number, version = 1): UserEvent => ({
  kind: "user",
  origin: "a",
  generation: 1,
  name,
  version,
  payload: new Uint8Array(bytes)
})
const limits = { userEventsMax: 3, userEventBytesMax: 100 }
const names = (queue: GossipQueue, budget = Infinity, limit = 100) =>
  takeItems(queue, budget, limit).map((item) => (item.kind === "user" ? item.name : item.id))

describe("gossip queue", () => {
  it.each([
    [9, 4],
    [10, 8],
    [99, 8],
    [100, 12],
    [1000, 16],
    [10_000, 20]
  ])("sends a fact among %i members %i times", (n, limit) => {
    assert.strictEqual(transmitLimit(4, n), limit)
  })

  it("never fills more than the budget, loses nothing before its limit, and keeps one fact per member", () => {
    const operation = fc.oneof(
      fc.record({
        put: fc.constant(true as const),
        id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
        incarnation: fc.nat(3),
        bytes: fc.integer({ min: 1, max: 60 }),
        priority: fc.boolean()
      }),
      fc.record({ put: fc.constant(false as const), budget: fc.nat(150) })
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), fc.integer({ min: 1, max: 5 }), (story, limit) => {
        const queue = makeGossipQueue()
        const bytesOf = new Map<MemberFact, number>()
        const sent = new Map<MemberFact, number>()
        for (const act of story) {
          if (act.put) {
            const fact = recordOf(act.id, { incarnation: act.incarnation })
            bytesOf.set(fact, act.bytes)
            enqueueFact(queue, fact, act.bytes, act.priority)
            continue
          }
          const items = takeItems(queue, act.budget, limit)
          let total = 0
          for (const item of items) {
            assert(item.kind !== "user")
            total += bytesOf.get(item) ?? Number.NaN
            sent.set(item, (sent.get(item) ?? 0) + 1)
          }
          assert.isAtMost(total, act.budget)
          assert.strictEqual(new Set(items.map((item) => ("id" in item ? item.id : ""))).size, items.length)
        }
        for (const count of sent.values()) assert.isAtMost(count, limit)
        for (const { item, transmits } of queue.entries.values()) {
          assert(item.kind !== "user")
          assert.strictEqual(transmits, sent.get(item) ?? 0)
        }
        assert.isAtMost(queue.entries.size, 6)
        const inLanes = queue.lanes.flat(2)
        assert.strictEqual(inLanes.filter(({ live }) => live).length, queue.entries.size)
        assert.strictEqual(inLanes.filter(({ live }) => !live).length, queue.stale)
      })
    )
  })

  it("sends what was sent least first, and of those the newest", () => {
    const queue = makeGossipQueue()
    for (const id of ["a", "b", "c"]) enqueueFact(queue, recordOf(id), 10, false)
    assert.deepStrictEqual(names(queue, 20), ["c", "b"])
    enqueueFact(queue, recordOf("d"), 10, false)
    assert.deepStrictEqual(names(queue, 30), ["d", "a", "b"])
  })

  it("puts goodbyes and own refutations before all else, however often they were sent", () => {
    const queue = makeGossipQueue()
    enqueueFact(queue, recordOf("me"), 10, true)
    assert.deepStrictEqual(names(queue), ["me"])
    enqueueUser(queue, event("u", 1), 10, limits)
    enqueueFact(queue, recordOf("a"), 10, false)
    assert.deepStrictEqual(names(queue), ["me", "a", "u"])
  })

  it("replaces by a newer key, by another accuser of the same, and by nothing older", () => {
    const queue = makeGossipQueue()
    enqueueFact(queue, suspected("x", "a", 1), 10, false)
    enqueueFact(queue, suspected("x", "a", 1), 10, false)
    enqueueFact(queue, recordOf("x"), 10, false)
    assert.deepStrictEqual(takeItems(queue, 100, 100), [suspected("x", "a", 1)])
    enqueueFact(queue, suspected("x", "b", 1), 10, false)
    assert.deepStrictEqual(takeItems(queue, 100, 100), [suspected("x", "b", 1)])
    enqueueFact(queue, recordOf("x", { incarnation: 2 }), 10, false)
    assert.deepStrictEqual(takeItems(queue, 100, 100), [recordOf("x", { incarnation: 2 })])
  })

  it("starts the count again for a newer fact, and drops an item at its limit", () => {
    const queue = makeGossipQueue()
    enqueueFact(queue, recordOf("x"), 10, false)
    assert.deepStrictEqual(
      [names(queue, 100, 2), names(queue, 100, 2), names(queue, 100, 2)],
      [["x"], ["x"], []]
    )
    assert.isFalse(isQueued(queue, "x"))
    enqueueFact(queue, recordOf("x", { incarnation: 1 }), 10, false)
    assert.isTrue(isQueued(queue, "x"))
  })

  it("drops what a smaller cluster has heard often enough", () => {
    const queue = makeGossipQueue()
    enqueueFact(queue, recordOf("x"), 10, false)
    for (let round = 0; round < 5; round += 1) assert.deepStrictEqual(names(queue, 100, 8), ["x"])
    assert.deepStrictEqual(names(queue, 100, 4), [])
    assert.isFalse(isQueued(queue, "x"))
  })

  it("leaves out a member whose fact is in the packet already, without counting it", () => {
    const queue = makeGossipQueue()
    enqueueFact(queue, recordOf("x"), 10, false)
    assert.deepStrictEqual(takeItems(queue, 100, 1, "x"), [])
    assert.isTrue(isQueued(queue, "x"))
  })

  it("refuses user events beyond their count or bytes, and replaces those of one name", () => {
    const queue = makeGossipQueue()
    assert.isTrue(enqueueUser(queue, event("u1", 1), 40, limits))
    assert.isTrue(enqueueUser(queue, event("u2", 1), 40, limits))
    assert.isFalse(enqueueUser(queue, event("u3", 1), 40, limits), "too many bytes")
    assert.isTrue(enqueueUser(queue, event("u2", 1, 2), 20, limits))
    assert.isTrue(enqueueUser(queue, event("u3", 1), 40, limits))
    assert.isFalse(enqueueUser(queue, event("u4", 1), 0, limits), "too many events")
    assert.deepStrictEqual(names(queue, Infinity, 1).toSorted(), ["u1", "u2", "u3"])
    assert.deepStrictEqual([queue.userEvents, queue.userBytes], [0, 0])
  })
})
