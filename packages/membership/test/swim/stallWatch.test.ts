import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"

import { watchStalls } from "../../src/swim/stallWatch.ts"
import { jumpingClock } from "../support/jumpingClock.ts"

/** In small steps, as time passes for a process that does not stand still. */
const pass = (millis: number) =>
  Effect.forEach(Array.from({ length: millis / 10 }), () => TestClock.adjust("10 millis"), { discard: true })

describe("watchStalls", () => {
  it.effect(
    "says how late it is while it is late, also as that grows, and tells every node when it looks",
    () =>
      Effect.gen(function* () {
        const { clock, jump, nowMillis } = yield* jumpingClock
        const told: Array<string> = []
        const one = watchStalls(clock, (millis) => told.push(`one ${millis}`))
        const other = watchStalls(clock, (millis) => told.push(`other ${millis}`))
        yield* pass(1000)
        assert.deepStrictEqual(told, [])
        assert.strictEqual(one.late(nowMillis()), 0)
        jump(300)
        const noticed = one.late(nowMillis())
        assert.isAbove(noticed, 150)
        jump(5000)
        assert.strictEqual(one.late(nowMillis()), noticed + 5000)
        yield* pass(200)
        assert.strictEqual(one.late(nowMillis()), 0)
        assert.match(told.join(), /^one 5[123]\d\d[.\d]*,other 5[123]\d\d[.\d]*$/)
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
      const again = watchStalls(clock, () => assert.fail("no stall of this node"))
      yield* pass(1000)
      assert.strictEqual(again.late(nowMillis()), 0)
      jump(1000)
      assert.isAbove(again.late(nowMillis()), 850)
      again.leave()
    })
  )
})
