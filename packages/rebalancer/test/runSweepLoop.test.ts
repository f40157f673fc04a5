import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, Ref } from "effect"
import { TestClock } from "effect/testing"

import { Rebalancer } from "../src/index.ts"
import { balanced, imbalanced, makeWorld, samples, withOwnMetrics } from "./support/world.ts"

/** A world whose sweeps take as long as the test says, and the start times and triggers of the sweeps so far. */
const makeTimedWorld = Effect.fnUntraced(function* (interval: Duration.Input, took: Duration.Input = 0) {
  const world = yield* makeWorld({
    options: {
      interval: Duration.fromInputUnsafe(interval),
      readTimeout: Duration.hours(1)
    }
  })
  const starts: Array<number> = []
  const duration = yield* Ref.make(Duration.fromInputUnsafe(took))
  const snapshot = Effect.gen(function* () {
    starts.push(yield* Clock.currentTimeMillis)
    yield* Effect.sleep(yield* Ref.get(duration))
    return balanced
  })
  yield* Ref.set(world.snapshot, snapshot)
  const triggers = Effect.map(world.rebalancer.recent, (decisions) => decisions.map(({ trigger }) => trigger))
  return { ...world, duration, starts, triggers }
})

describe("the loop", () => {
  it.effect("sweeps first after one whole interval, then once per interval", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("29999 millis")
      assert.deepStrictEqual(starts, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(starts, [30_000])
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(starts, [30_000, 60_000, 90_000, 120_000])
    })
  )

  it.effect("stays on its grid when sweeps are shorter than the interval", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds", "20 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(starts, [30_000, 60_000, 90_000, 120_000])
    })
  )

  it.effect("after an overrun sweeps at once, and next one whole interval after that", () =>
    Effect.gen(function* () {
      const { duration, rebalancer, starts } = yield* makeTimedWorld("30 seconds", "70 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("31 seconds")
      yield* Ref.set(duration, Duration.zero)
      yield* TestClock.adjust("129 seconds")
      // The sweep at 30 s ends at 100 s: the tick of 60 s fires late, those of 90 s and 120 s never.
      assert.deepStrictEqual(starts, [30_000, 100_000, 130_000, 160_000])
    })
  )

  it.effect("reports that it is up, and down once it has shut down, with a paused clock and 50 ms", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("50 millis")
      assert.deepStrictEqual(yield* samples("rebalancer_loop_up"), { "": 0 })
      const shutdown = yield* Deferred.make<void>()
      const loop = yield* Effect.forkChild(rebalancer.run(Deferred.await(shutdown)))
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(yield* samples("rebalancer_loop_up"), { "": 1 })
      yield* TestClock.adjust("150 millis")
      assert.deepStrictEqual(starts, [50, 100, 150, 200])
      assert.deepStrictEqual(yield* samples("rebalancer_loop_iterations_total"), { "": 4 })
      yield* Deferred.succeed(shutdown, undefined)
      yield* Fiber.join(loop)
      assert.deepStrictEqual(yield* samples("rebalancer_loop_up"), { "": 0 })
    }).pipe(withOwnMetrics)
  )

  it.effect("reports how long the last sweep took", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeTimedWorld("30 seconds", "1500 millis")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* samples("rebalancer_loop_last_iteration_duration_seconds"), { "": 1.5 })
    }).pipe(withOwnMetrics)
  )

  it.effect("is down after an interruption too", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeTimedWorld("30 seconds")
      const loop = yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* samples("rebalancer_loop_up"), { "": 1 })
      yield* Fiber.interrupt(loop)
      assert.deepStrictEqual(yield* samples("rebalancer_loop_up"), { "": 0 })
    }).pipe(withOwnMetrics)
  )

  it.effect("runs once at a time: a second run takes over where the first ends", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds")
      const first = yield* Effect.forkChild(rebalancer.run())
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(starts, [30_000])
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(starts, [30_000, 60_000])
    })
  )
})

describe("a kick", () => {
  it.effect("sweeps at once and leaves the interval as it is", () =>
    Effect.gen(function* () {
      const { rebalancer, starts, triggers } = yield* makeTimedWorld("30 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("10 seconds")
      yield* rebalancer.kick
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(starts, [10_000, 30_000])
      assert.deepStrictEqual(yield* triggers, ["kick", "tick"])
    })
  )

  it.effect.each([
    ["a tick's", "tick", "30 seconds"],
    ["a kick's", "kick", "10 seconds"]
  ] as const)("three times during %s sweep makes exactly one more sweep", ([, trigger, start]) =>
    Effect.gen(function* () {
      const { rebalancer, starts, triggers } = yield* makeTimedWorld("30 seconds", "5 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust(start)
      if (trigger === "kick") yield* rebalancer.kick
      yield* TestClock.adjust("1 second")
      for (let count = 0; count < 3; count += 1) {
        yield* rebalancer.kick
        yield* TestClock.adjust("1 second")
      }
      yield* TestClock.adjust("15 seconds")
      const startMillis = Duration.toMillis(Duration.fromInputUnsafe(start))
      assert.deepStrictEqual(starts, [startMillis, startMillis + 5000])
      assert.deepStrictEqual(yield* triggers, [trigger, "kick"])
    })
  )

  it.effect("before the loop starts is served when it does, once", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds")
      yield* rebalancer.kick
      yield* rebalancer.kick
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(starts, [0])
    })
  )

  it.effect("lets a tick that is due as well go first", () =>
    Effect.gen(function* () {
      const { duration, rebalancer, starts, triggers } = yield* makeTimedWorld("30 seconds", "40 seconds")
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("31 seconds")
      yield* rebalancer.kick
      yield* Ref.set(duration, Duration.zero)
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* triggers, ["tick", "tick", "kick"])
      assert.deepStrictEqual(starts, [30_000, 70_000, 70_000])
    })
  )
})

describe("shutdown", () => {
  it.effect("comes before a tick and a kick that are due at the same time", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds", "40 seconds")
      const shutdown = yield* Deferred.make<void>()
      const loop = yield* Effect.forkChild(rebalancer.run(Deferred.await(shutdown)))
      yield* TestClock.adjust("31 seconds")
      yield* rebalancer.kick
      yield* Deferred.succeed(shutdown, undefined)
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(loop)
      assert.deepStrictEqual(starts, [30_000])
    })
  )

  it.effect("lets the sweep under way finish", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeTimedWorld("30 seconds", "10 seconds")
      const shutdown = yield* Deferred.make<void>()
      const loop = yield* Effect.forkChild(rebalancer.run(Deferred.await(shutdown)))
      yield* TestClock.adjust("31 seconds")
      yield* Deferred.succeed(shutdown, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* rebalancer.recent, [])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(loop)
      assert.strictEqual((yield* rebalancer.recent).length, 1)
    })
  )

  it.effect("before the start means no sweep at all", () =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds")
      yield* rebalancer.kick
      yield* rebalancer.run(Effect.void)
      assert.deepStrictEqual(starts, [])
    })
  )

  it.effect.each([
    ["fails", Effect.fail("the sender is gone")],
    ["dies", Effect.die("the sender is gone")],
    ["is interrupted", Effect.interrupt]
  ] as const)("is what a signal that %s means: the loop ends and does not spin", ([, closed]) =>
    Effect.gen(function* () {
      const { rebalancer, starts } = yield* makeTimedWorld("30 seconds")
      const closing = Effect.delay(closed, "45 seconds")
      const loop = yield* Effect.forkChild(rebalancer.run(closing))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(loop)
      assert.deepStrictEqual(starts, [30_000])
    })
  )
})

describe("a running rebalancer", () => {
  it.effect("stops with its layer's scope", () =>
    Effect.gen(function* () {
      const world = yield* makeTimedWorld("30 seconds")
      yield* TestClock.adjust("30 seconds").pipe(
        Effect.provide(Rebalancer.layerRun),
        Effect.provide(world.context)
      )
      assert.deepStrictEqual(world.starts, [30_000])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(world.starts, [30_000])
    })
  )

  it.effect("dispatches an imbalance at its first tick", () =>
    Effect.gen(function* () {
      const { dispatched, rebalancer, snapshot } = yield* makeWorld()
      yield* Ref.set(snapshot, Effect.succeed(imbalanced))
      yield* Effect.forkChild(rebalancer.run())
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* dispatched).length, 6)
    })
  )
})
