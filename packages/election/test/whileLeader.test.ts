import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, SubscriptionRef } from "effect"

import { type Leadership, LeadershipLost, makeLeaderWork } from "../src/index.ts"

/** Work of node a under a leadership that the test sets. */
const workOfA = Effect.gen(function* () {
  const leadership = yield* SubscriptionRef.make<Leadership>({ leader: undefined, term: 0 })
  const work = yield* makeLeaderWork("a", SubscriptionRef.changes(leadership))
  return {
    ...work,
    set: (leader: string | undefined, term: number) => SubscriptionRef.set(leadership, { leader, term })
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
})
