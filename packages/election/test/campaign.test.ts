import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Ref, Schedule, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"

import { campaign, Election, LeaderLease, type Leadership, makeLeaderWork } from "../src/index.ts"
import { counted } from "./support/counted.ts"

/** An election that node a wins whenever it did not just resign; `leadership` is the test's to set. */
const electionOfA = Effect.gen(function* () {
  const leadership = yield* SubscriptionRef.make<Leadership>({ leader: "a", term: 1 })
  const resignations = yield* Ref.make(0)
  // Nothing here hands leadership on or explains it.
  const unused = Effect.die("not part of this election")
  const work = yield* makeLeaderWork("a", SubscriptionRef.changes(leadership), { termIsFencingToken: true })
  const election = Layer.succeed(Election, {
    self: "a",
    leadership: SubscriptionRef.get(leadership),
    isLeader: Effect.map(SubscriptionRef.get(leadership), ({ leader }) => leader === "a"),
    quorum: Effect.succeed({ alive: 1, needed: 1, present: true }),
    changes: SubscriptionRef.changes(leadership),
    whileLeader: work.whileLeader,
    resign: Ref.update(resignations, (count) => count + 1),
    transfer: () => unused,
    explain: unused
  } as Election["Service"])
  const set = (leader: string | undefined, term: number) => SubscriptionRef.set(leadership, { leader, term })
  return { election, resignations: Ref.get(resignations), set }
})

/** Lets time pass in steps, between which fibers do what they are woken for. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds * 10 }), () => TestClock.adjust("100 millis"), {
    discard: true
  })

describe("campaign", () => {
  it.effect("returns what the work returns, and gives it its lease", () =>
    Effect.gen(function* () {
      const { election, resignations } = yield* electionOfA
      const token = campaign(Effect.map(LeaderLease, ({ token }) => token))
      assert.strictEqual(yield* Effect.provide(token, election), 1)
      assert.strictEqual(yield* resignations, 0)
    })
  )

  it.effect("campaigns again at once when leadership is lost", () =>
    Effect.gen(function* () {
      const { election, resignations, set } = yield* electionOfA
      const terms: Array<number> = []
      const work = Effect.flatMap(LeaderLease, ({ term }) => Effect.sync(() => terms.push(term)))
      const call = yield* Effect.forkChild(
        Effect.provide(campaign(Effect.andThen(work, Effect.never)), election)
      )
      yield* pass(1)
      yield* set("b", 2)
      yield* pass(1)
      yield* set("a", 3)
      yield* pass(1)
      assert.deepStrictEqual(terms, [1, 3])
      assert.strictEqual(yield* resignations, 0)
      yield* Fiber.interrupt(call)
    })
  )

  it.effect("resigns when the work fails, waits longer each time, and counts", () =>
    Effect.gen(function* () {
      const { election, resignations } = yield* electionOfA
      const before = yield* counted("election_leader_work_failures_total", {})
      const starts: Array<number> = []
      const failing = Effect.gen(function* () {
        starts.push(
          Duration.toMillis(Duration.nanos(yield* Effect.clockWith((clock) => clock.monotonicTimeNanos)))
        )
        return yield* Effect.fail("cannot start")
      })
      const call = yield* Effect.forkChild(Effect.provide(campaign(failing), election))
      yield* pass(600)
      const waits = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
      assert.isAbove(waits.length, 8)
      for (const [index, wait] of waits.entries()) {
        const usual = Math.min(60_000, 1000 * 2 ** index)
        assert.isTrue(wait >= usual * 0.79 && wait <= usual * 1.21 + 100, `wait ${index} of ${wait} ms`)
      }
      assert.strictEqual(yield* resignations, starts.length)
      assert.strictEqual((yield* counted("election_leader_work_failures_total", {})) - before, starts.length)
      yield* Fiber.interrupt(call)
    })
  )

  it.effect("ends with the failure when the back-off ends; a defect resigns and is not tried again", () =>
    Effect.gen(function* () {
      const { election, resignations } = yield* electionOfA
      const failed = campaign(Effect.fail("no"), { backOff: Schedule.recurs(2) })
      assert.strictEqual(yield* Effect.flip(Effect.provide(failed, election)), "no")
      assert.strictEqual(yield* resignations, 3)
      const died = yield* Effect.exit(Effect.provide(campaign(Effect.die("bug")), election))
      assert.strictEqual(died._tag, "Failure")
      assert.strictEqual(yield* resignations, 4)
    })
  )
})
