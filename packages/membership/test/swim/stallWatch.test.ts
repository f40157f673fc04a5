import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"

import { watchStalls } from "../../src/swim/stallWatch.ts"
import { jumpingClock } from "../support/jumpingClock.ts"

/** In small steps, as time passes for a process that does not stand still. */
const pass = (millis: number) =>
  Effect.forEach(Array.from({ length: millis / 10 }), () => TestClock.adjust("10 millis"), { discard: true })

describe("watchStalls", () => {
  it.effect("tells every node of a stall once, whoever notices, and of the next one again", () =>
    Effect.gen(function* () {
      const { clock, jump, nowMillis } = yield* jumpingClock
      const told: Array<string> = []
      const one = watchStalls(clock, (millis) => told.push(`one ${millis}`))
      const other = watchStalls(clock, (millis) => told.push(`other ${millis}`))
      yield* pass(1000)
      assert.deepStrictEqual(told, [])
      assert.strictEqual(one.take(nowMillis()), 0)
      jump(5000)
      const noticed = one.take(nowMillis())
      assert.isAbove(noticed, 4850)
      assert.isAtMost(noticed, 5000)
      assert.strictEqual(one.take(nowMillis()), 0)
      yield* pass(200)
      assert.strictEqual(told.length, 1)
      assert.match(told[0] ?? "", /^other (49|50)\d\d/)
      jump(300)
      other.skip()
      yield* pass(200)
      assert.strictEqual(told.length, 2)
      assert.match(told[1] ?? "", /^one [23]\d\d/)
      one.leave()
      other.leave()
    })
  )

  it.effect("looks once for all nodes, and not at all when all have left", () =>
    Effect.gen(function* () {
      const { clock, jump, nowMillis, sleeps } = yield* jumpingClock
      const watchers = Array.from({ length: 10 }, () => watchStalls(clock, () => assert.fail("no stall")))
      yield* pass(1000)
      assert.isAtMost(sleeps(), 11)
      for (const watcher of watchers) watcher.leave()
      const before = sleeps()
      yield* pass(1000)
      assert.strictEqual(sleeps(), before)
      const late = watchStalls(clock, () => assert.fail("no stall of this node"))
      yield* pass(1000)
      assert.strictEqual(late.take(nowMillis()), 0)
      jump(1000)
      assert.isAbove(late.take(nowMillis()), 850)
      late.leave()
    })
  )
})
