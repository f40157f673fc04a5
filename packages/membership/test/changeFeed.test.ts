import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"

import { feedCapacity, makeChangeFeed } from "../src/changeFeed.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

describe("makeChangeFeed", () => {
  it.effect(
    "a subscriber that reads slowly loses the oldest events, which are counted; others lose none",
    () =>
      Effect.gen(function* () {
        const feed = yield* makeChangeFeed<number>("test")
        const read = yield* Deferred.make<void>()
        const published = feedCapacity + 100
        const slow = yield* feed.stream.pipe(
          Stream.tap(() => Deferred.await(read)),
          Stream.takeUntil((event) => event === published - 1),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        const fast: Array<number> = []
        yield* feed.stream.pipe(
          Stream.runForEach((event) => Effect.sync(() => fast.push(event))),
          Effect.forkChild({ startImmediately: true })
        )
        for (let event = 0; event < published; event++) {
          feed.publishUnsafe(event)
          yield* Effect.yieldNow
        }
        yield* Deferred.succeed(read, undefined)
        const seen = yield* Fiber.join(slow)
        const lost = published - seen.length
        assert.isAbove(lost, 0)
        assert.deepStrictEqual(
          seen,
          seen.toSorted((one, other) => one - other)
        )
        assert.strictEqual(yield* metric("membership_events_dropped_total", { feed: "test" }), lost)
        assert.strictEqual(fast.length, published)
      }).pipe(isolated)
  )

  it.effect("hands out events from the moment of subscribing only, and forgets a subscriber that ends", () =>
    Effect.gen(function* () {
      const feed = yield* makeChangeFeed<number>("test")
      feed.publishUnsafe(1)
      const collecting = yield* feed.stream.pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      feed.publishUnsafe(2)
      assert.deepStrictEqual(yield* Fiber.join(collecting), [2])
      for (let event = 0; event < 2 * feedCapacity; event++) feed.publishUnsafe(event)
      assert.strictEqual(yield* metric("membership_events_dropped_total"), 0)
    }).pipe(isolated)
  )
})
