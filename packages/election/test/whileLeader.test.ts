import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"

import { LeaderLease, type Leadership, LeadershipLost, makeLeaderWork } from "../src/index.ts"

/** Work of node a under a leadership that the test sets. */
const workOfA = Effect.gen(function* () {
  const leadership = yield* SubscriptionRef.make<Leadership>({ leader: undefined, term: 0 })
  const work = yield* makeLeaderWork("a", SubscriptionRef.changes(leadership))
  return {
    ...work,
    set: (leader: string | undefined, term: number) => SubscriptionRef.set(leadership, { leader, term })
  }
})

/** The same with a lease that ends some time after it was last extended. */
const leasedWorkOfA = Effect.gen(function* () {
  const leadership = yield* SubscriptionRef.make<Leadership>({ leader: undefined, term: 0 })
  const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
  let untilMillis = 0
  const work = yield* makeLeaderWork("a", SubscriptionRef.changes(leadership), {
    remaining: () => Effect.map(now, (millis) => Duration.millis(Math.max(0, untilMillis - millis))),
    termIsFencingToken: true
  })
  return {
    ...work,
    set: (leader: string | undefined, term: number) => SubscriptionRef.set(leadership, { leader, term }),
    extend: (millis: number) => Effect.map(now, (from) => (untilMillis = from + millis))
  }
})

/** Runs until interrupted; `started` is done once it runs, `cleanUp` delays its end. */
const endless = (started: Deferred.Deferred<void>, cleanUp: Effect.Effect<unknown> = Effect.void) =>
  Effect.andThen(
    Effect.acquireRelease(Deferred.succeed(started, undefined), () => cleanUp),
    Effect.never
  )

describe("whileLeader", () => {
  it.effect(
    "a later term of the same node is another leadership: somebody else may have led in between",
    () =>
      Effect.gen(function* () {
        const { set, whileLeader } = yield* workOfA
        const started = yield* Deferred.make<void>()
        const call = yield* Effect.forkChild(whileLeader(endless(started)))
        yield* set("a", 1)
        yield* Deferred.await(started)
        yield* set("a", 3)
        const lost = yield* Effect.flip(Fiber.join(call))
        assert.instanceOf(lost, LeadershipLost)
        assert.strictEqual(lost.term, 1)
      })
  )

  it.effect("several works of one node run side by side and end together", () =>
    Effect.gen(function* () {
      const { set, whileLeader } = yield* workOfA
      const started = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const calls = yield* Effect.forEach(started, (done) => Effect.forkChild(whileLeader(endless(done))))
      yield* set("a", 1)
      yield* Effect.forEach(started, Deferred.await)
      yield* set("b", 2)
      const outcomes = yield* Effect.forEach(calls, (call) => Effect.flip(Fiber.join(call)))
      assert.deepStrictEqual(
        outcomes.map(({ leader }) => leader),
        ["b", "b"]
      )
    })
  )

  it.effect("an interrupted call runs the work's finalizers", () =>
    Effect.gen(function* () {
      const { set, whileLeader } = yield* workOfA
      const started = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const call = yield* Effect.forkChild(whileLeader(endless(started, Deferred.succeed(ended, undefined))))
      yield* set("a", 1)
      yield* Deferred.await(started)
      yield* Fiber.interrupt(call)
      assert.isTrue(yield* Deferred.isDone(ended))
    })
  )

  it.effect("between the end of work and the release nothing starts", () =>
    Effect.gen(function* () {
      const { afterWork, set, whileLeader } = yield* workOfA
      const log: Array<string> = []
      const note = (line: string) => Effect.sync(() => log.push(line))
      const [started, cleaning, cleaned] = [
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>(),
        yield* Deferred.make<void>()
      ]
      const cleanUp = Effect.andThen(Deferred.succeed(cleaning, undefined), Deferred.await(cleaned))
      const work = endless(started, Effect.andThen(cleanUp, note("ended")))
      yield* set("a", 1)
      const call = yield* Effect.forkChild(
        whileLeader(work).pipe(Effect.catch(() => whileLeader(note("started again"))))
      )
      yield* Deferred.await(started)
      const releasing = yield* Effect.forkChild(afterWork(Effect.andThen(note("released"), set("b", 2))))
      yield* Deferred.await(cleaning)
      yield* Deferred.succeed(cleaned, undefined)
      yield* Fiber.join(releasing)
      assert.deepStrictEqual(log, ["ended", "released"])
      yield* set("a", 3)
      yield* Fiber.join(call)
      assert.deepStrictEqual(log, ["ended", "released", "started again"])
    })
  )

  it.effect("work knows its lease: token, time left, and a check that follows the clock", () =>
    Effect.gen(function* () {
      const { extend, set, whileLeader } = yield* leasedWorkOfA
      yield* extend(3000)
      yield* set("a", 4)
      const lease = yield* whileLeader(LeaderLease)
      assert.strictEqual(lease.term, 4)
      assert.strictEqual(lease.token, 4)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(Duration.toMillis(yield* lease.remaining), 2000)
      yield* lease.check
      yield* TestClock.adjust("1999 millis")
      yield* lease.check
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Effect.flip(lease.check)).term, 4)
      assert.strictEqual(Duration.toMillis(yield* lease.remaining), 0)
    })
  )

  it.effect("work of a strategy without deadline or tokens has neither", () =>
    Effect.gen(function* () {
      const { set, whileLeader } = yield* workOfA
      yield* set("a", 1)
      const lease = yield* whileLeader(LeaderLease)
      assert.isUndefined(lease.token)
      assert.isFalse(Duration.isFinite(yield* lease.remaining))
      yield* lease.check
    })
  )

  it.effect(
    "work is interrupted at the deadline though nobody announces the end, and goes on while it is renewed",
    () =>
      Effect.gen(function* () {
        const { extend, set, whileLeader } = yield* leasedWorkOfA
        const started = yield* Deferred.make<void>()
        let ended = false
        yield* extend(1000)
        yield* set("a", 1)
        const call = yield* Effect.forkChild(
          whileLeader(
            endless(
              started,
              Effect.sync(() => (ended = true))
            )
          )
        )
        yield* Deferred.await(started)
        yield* TestClock.adjust("900 millis")
        yield* extend(1000)
        yield* TestClock.adjust("999 millis")
        assert.isFalse(ended)
        yield* TestClock.adjust("1 millis")
        assert.instanceOf(yield* Effect.flip(Fiber.join(call)), LeadershipLost)
        assert.isTrue(ended)
      })
  )

  it.effect("a leadership that ended unannounced starts no work, not even over and over", () =>
    Effect.gen(function* () {
      const { extend, set, whileLeader } = yield* leasedWorkOfA
      yield* set("a", 1)
      let starts = 0
      const work = Effect.andThen(
        Effect.sync(() => starts++),
        Effect.never
      )
      const call = yield* Effect.forkChild(Effect.eventually(whileLeader(work)))
      const pass = Effect.forEach(Array.from({ length: 20 }), () => TestClock.adjust("50 millis"))
      yield* pass
      assert.strictEqual(starts, 0)
      yield* extend(5000)
      yield* pass
      assert.strictEqual(starts, 1)
      yield* Fiber.interrupt(call)
    })
  )
})
