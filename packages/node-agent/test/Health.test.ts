import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"

import { Health } from "../src/Health.ts"

const withHealth = Effect.provide(Health.layer(Duration.seconds(5)))

describe("Health", () => {
  it.effect("has started when every phase ended, in whatever order", () =>
    Effect.gen(function* () {
      const health = yield* Health
      assert.strictEqual(yield* health.startup, "bind")
      yield* health.completePhase("join")
      assert.strictEqual(yield* health.startup, "bind")
      yield* health.completePhase("bind")
      assert.isUndefined(yield* health.startup)
    }).pipe(withHealth)
  )

  it.effect("sees a loop stop by its metric, and come back", () =>
    Effect.gen(function* () {
      const health = yield* Health
      const iterations = Metric.counter("test_loop_iterations_total", { incremental: true })
      const isAlive = Effect.map(health.liveness, (checks) => checks.every(({ ok }) => ok))
      yield* health.watchLoop({
        name: "test",
        interval: Duration.seconds(10),
        counters: ["test_loop_iterations_total"]
      })
      for (let round = 0; round < 5; round++) {
        yield* TestClock.adjust("10 seconds")
        yield* Metric.update(iterations, 1)
      }
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(yield* isAlive)
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* isAlive)
      yield* Metric.update(iterations, 1)
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* isAlive)
    }).pipe(withHealth)
  )

  it.effect("drains for the readiness delay, and takes it back", () =>
    Effect.gen(function* () {
      const health = yield* Health
      const state = Effect.map(health.drainState, ({ _tag }) => _tag)
      assert.strictEqual(yield* state, "Serving")
      assert.isTrue(yield* health.drain)
      assert.strictEqual(yield* state, "Draining")
      yield* TestClock.adjust("4999 millis")
      assert.isFalse(yield* health.drain)
      assert.strictEqual(yield* state, "Draining")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* state, "Drained")
      yield* health.cancelDrain
      assert.strictEqual(yield* state, "Serving")
    }).pipe(withHealth)
  )

  it.effect("tells those who wait that the end begins", () =>
    Effect.gen(function* () {
      const health = yield* Health
      const waiting = yield* Effect.forkChild(health.stopping)
      yield* health.stop
      yield* Fiber.join(waiting)
    }).pipe(withHealth)
  )
})
