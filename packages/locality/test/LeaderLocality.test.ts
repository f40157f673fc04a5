import { InMemoryGroups } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Logger, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

import { Decision, LeaderLocality, ProbeFailed } from "../src/index.ts"
import { agent, evaluate, evaluateOne, metric, outcomeOf, reasonOf } from "./support/agent.ts"

const locality = <A>(use: (service: LeaderLocality["Service"]) => Effect.Effect<A>) =>
  Effect.flatMap(LeaderLocality, use)
const recentCount = Effect.map(
  locality(({ recent }) => recent),
  (recent) => recent.length
)

describe("LeaderLocality: the loop", () => {
  it.effect("the first pass starts one interval after the start, then one each interval", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("89999 millis")
      assert.strictEqual(yield* recentCount, 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* recentCount, 1)
      yield* TestClock.adjust("180 seconds")
      assert.strictEqual(yield* recentCount, 3)
      assert.strictEqual(yield* metric("locality_loop_iterations_total"), 3)
      assert.strictEqual(yield* metric("locality_loop_up"), 1)
    }).pipe(Effect.provide(agent()))
  )

  it.effect("it moves a lone far leader by itself, once", () =>
    Effect.gen(function* () {
      const world = yield* InMemoryGroups
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* world.leadership("db"), { leader: "n1", term: 2 })
      assert.strictEqual((yield* world.transfers).length, 1)
    }).pipe(
      Effect.provide(agent({ options: { interval: Duration.seconds(1), cooldown: Duration.seconds(2) } }))
    )
  )

  it.effect("passes never overlap: a slow pass drops ticks and the beat stays", () =>
    Effect.gen(function* () {
      // Pass 1 runs from 90 s to 340 s, over the ticks at 180 s and 270 s.
      yield* TestClock.adjust("339 seconds")
      assert.strictEqual(yield* recentCount, 0)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* recentCount, 1)
      assert.strictEqual(yield* metric("locality_loop_dropped_ticks_total"), 2)
      assert.strictEqual(yield* metric("locality_loop_last_iteration_duration_seconds"), 250)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* recentCount, 1)
      yield* TestClock.adjust("250 seconds")
      assert.strictEqual(yield* recentCount, 2, "the pass of the tick at 360 s ended at 610 s")
    }).pipe(
      Effect.provide(
        agent({
          node: "n1",
          options: { evaluationTimeout: Duration.minutes(10) },
          engine: (groups) => ({ status: (group) => Effect.delay(groups.status(group), "250 seconds") })
        })
      )
    )
  )

  it.effect("evaluateNow waits for the pass that is under way", () =>
    Effect.gen(function* () {
      const first = yield* Effect.forkChild(evaluateOne)
      const second = yield* Effect.forkChild(evaluateOne)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* Fiber.join(first)).at, "1970-01-01T00:00:01.000Z")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* Fiber.join(second)).at, "1970-01-01T00:00:02.000Z")
    }).pipe(
      Effect.provide(
        agent({
          node: "n1",
          engine: (groups) => ({ status: (group) => Effect.delay(groups.status(group), "1 seconds") })
        })
      )
    )
  )

  it.effect("an engine that cannot list its groups is counted, and the loop goes on", () => {
    let calls = 0
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* evaluate, [])
      assert.strictEqual(yield* metric("locality_loop_errors_total", { kind: "Defect" }), 1)
      assert.strictEqual((yield* evaluate).length, 1)
    }).pipe(
      Effect.provide(
        agent({
          engine: (groups) => ({
            list: Effect.suspend(() => (calls++ === 0 ? Effect.die("<html>") : groups.list))
          })
        })
      )
    )
  })

  it.effect("it stops with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const services = yield* Scope.provide(Layer.build(agent()), scope)
      const up = Effect.provide(metric("locality_loop_up"), services)
      yield* Effect.yieldNow
      assert.strictEqual(yield* up, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* up, 0)
    })
  )
})

/** A probe that answers with these round trips in order; undefined is a lost one. */
const samples = (values: ReadonlyArray<number | undefined>) => {
  let taken = 0
  return {
    measure: ({ id, address }: { id: string; address: string }) =>
      Effect.suspend(() => {
        const millis = values[taken++]
        return millis === undefined
          ? Effect.fail(new ProbeFailed({ id, address, kind: "timeout", detail: "lost" }))
          : Effect.succeed(Duration.millis(millis))
      })
  }
}

describe("LeaderLocality: measuring", () => {
  const pair = { groups: { db: { leader: "far", voters: ["far", "n1"] } } }
  const measured = Effect.gen(function* () {
    const deciding = yield* Effect.forkChild(evaluateOne)
    yield* TestClock.adjust("100 millis")
    return yield* Fiber.join(deciding)
  })

  it.effect("the fastest of three probes counts, 50 ms apart", () =>
    Effect.gen(function* () {
      const decision = yield* measured
      assert.deepStrictEqual(decision.row, { n1: 21 })
      assert.strictEqual(yield* metric("locality_rtt_seconds", { peer: "n1" }), 0.021)
    }).pipe(
      Effect.provide(agent({ world: pair, probe: samples([80, 21, 300]), options: { probesPerRound: 3 } }))
    )
  )
  it.effect("one lost probe does not make a voter unreachable", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* measured).row, { n1: 25 })
    }).pipe(
      Effect.provide(
        agent({ world: pair, probe: samples([undefined, 25, undefined]), options: { probesPerRound: 3 } })
      )
    )
  )
  it.effect("only lost probes do, and the reason is kept", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(reasonOf(yield* measured), {
        _tag: "voterUnreachable",
        voters: [{ id: "n1", detail: "no round trip to n1 at n1.memory:0: lost" }]
      })
    }).pipe(Effect.provide(agent({ world: pair, probe: samples([]), options: { probesPerRound: 3 } })))
  )
})

describe("LeaderLocality: what readers see", () => {
  const manyGroups = {
    groups: {
      a: { leader: "far", voters: ["far", "n1"] },
      b: { leader: "n1", voters: ["far", "n1"] }
    },
    rtt: () => 20
  }

  it.effect("latest and rows have each group once; a group that went away is forgotten", () => {
    let gone = false
    return Effect.gen(function* () {
      yield* evaluate
      const latest = yield* locality((service) => service.latest)
      assert.deepStrictEqual(
        [...latest].map(([group, decision]) => [group, reasonOf(decision)?._tag]),
        [
          ["a", "withinThreshold"],
          ["b", "notLeader"]
        ]
      )
      assert.deepStrictEqual(
        yield* locality((service) => service.rows),
        new Map([
          ["a", new Map([["n1", 20]])],
          ["b", new Map()]
        ])
      )
      gone = true
      yield* evaluate
      assert.deepStrictEqual([...(yield* locality((service) => service.latest)).keys()], ["b"])
      assert.isUndefined(yield* metric("locality_rtt_seconds", { peer: "n1" }), "its series has ended")
    }).pipe(
      Effect.provide(
        agent({
          world: manyGroups,
          engine: (groups) => ({ list: Effect.suspend(() => (gone ? Effect.succeed(["b"]) : groups.list)) })
        })
      )
    )
  })

  it.effect("recent keeps the last decisions, newest last", () =>
    Effect.gen(function* () {
      for (const _ of [1, 2, 3]) {
        yield* evaluate
        yield* TestClock.adjust("1 seconds")
      }
      const recent = yield* locality((service) => service.recent)
      assert.deepStrictEqual(
        recent.map(({ group, at }) => [group, at.slice(17, 19)]),
        [
          ["b", "01"],
          ["a", "02"],
          ["b", "02"]
        ]
      )
    }).pipe(Effect.provide(agent({ world: manyGroups, options: { history: 3 } })))
  )

  it.effect("a reader that never reads on blocks no pass and loses the oldest decisions", () =>
    Effect.gen(function* () {
      const service = yield* LeaderLocality
      const pull = yield* Stream.toPull(Stream.map(service.decisions, ({ at }) => at))
      const first = yield* Effect.forkChild(pull)
      yield* Effect.yieldNow
      yield* evaluate
      assert.deepStrictEqual(yield* Fiber.join(first), ["1970-01-01T00:00:00.000Z"])
      for (const _ of [1, 2, 3, 4, 5]) {
        yield* TestClock.adjust("1 seconds")
        yield* evaluate
      }
      assert.deepStrictEqual(yield* pull, ["1970-01-01T00:00:04.000Z", "1970-01-01T00:00:05.000Z"])
    }).pipe(Effect.scoped, Effect.provide(agent({ node: "n1", options: { history: 2 } })))
  )

  it.effect("decisions pass through JSON unchanged", () =>
    Effect.gen(function* () {
      const codec = Schema.fromJsonString(Decision)
      const moved = yield* evaluateOne
      const follows = yield* evaluateOne
      for (const decision of [moved, follows]) {
        const text = yield* Schema.encodeEffect(codec)(decision)
        assert.deepStrictEqual(yield* Schema.decodeEffect(codec)(text), JSON.parse(JSON.stringify(decision)))
      }
      assert.strictEqual(outcomeOf(moved)?._tag, "moved")
    }).pipe(Effect.provide(agent()))
  )

  it.effect("a caller that gives up does not stop the pass", () =>
    Effect.gen(function* () {
      const caller = yield* Effect.forkChild(evaluate)
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.interrupt(caller)
      yield* TestClock.adjust("1 seconds")
      const [decision] = yield* locality((service) => service.recent)
      assert.strictEqual(decision && outcomeOf(decision)?._tag, "moved")
    }).pipe(
      Effect.provide(
        agent({
          world: {
            groups: { db: { leader: "far", voters: ["far", "n1"] } },
            rtt: () => 256,
            transferDuration: "2 seconds"
          }
        })
      )
    )
  )

  it.effect("every decision is counted; only a change is logged", () => {
    const logged: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      logged.push(message)
    })
    return Effect.gen(function* () {
      for (const _ of [1, 2, 3]) yield* evaluate
      assert.strictEqual(yield* metric("locality_decisions_total", { action: "stay", reason: "advised" }), 3)
      assert.strictEqual(logged.length, 1)
      yield* (yield* InMemoryGroups).kill("n1")
      yield* evaluate
      assert.strictEqual(logged.length, 2)
    }).pipe(Effect.provide([agent({ options: { mode: "advise" } }), Logger.layer([logger])]))
  })
})
