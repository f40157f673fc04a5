import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Layer, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"

import {
  ControlStore,
  ControlStoreError,
  DispatchFailed,
  LoadMetricsUnavailable,
  MigrationDispatcher,
  Rebalancer,
  RebalancerOptions,
  StoreUnavailable,
  SweepDecision
} from "../src/index.ts"
import { load } from "./support/loads.ts"
import { balanced, imbalanced, makeWorld, samples, withOwnMetrics } from "./support/world.ts"

const reasonOf = ({ action }: SweepDecision) => (action._tag === "Skipped" ? action.reason : action._tag)
const settle = Effect.yieldNow.pipe(Effect.repeat({ times: 20 }))

describe("a sweep", () => {
  it.effect("of an imbalanced cluster dispatches moves, all of them away from the hot node", () =>
    Effect.gen(function* () {
      const { dispatched, rebalancer } = yield* makeWorld()
      const { action } = yield* rebalancer.sweepOnce
      yield* settle
      const moves = yield* dispatched
      assert.strictEqual(moves.length, 6)
      assert.isTrue(moves.every(({ source }) => source === "1"))
      assert.deepStrictEqual(action, { _tag: "Dispatched", moves })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=none": 0 })
      assert.deepStrictEqual(yield* samples("rebalancer_moves_total"), { "kind=leader,outcome=completed": 6 })
      assert.deepStrictEqual(yield* samples("rebalancer_pending_moves"), { "": 0 })
    }).pipe(withOwnMetrics)
  )

  it.effect("waits while a group elects: counted as an iteration, not as an error", () =>
    Effect.gen(function* () {
      const { dispatched, gate, rebalancer } = yield* makeWorld()
      yield* Ref.set(gate, Effect.succeed({ group: "g1", detail: "it is between leaders" }))
      assert.deepStrictEqual(reasonOf(yield* rebalancer.sweepOnce), {
        _tag: "electing",
        group: "g1",
        detail: "it is between leaders"
      })
      yield* settle
      assert.deepStrictEqual(yield* dispatched, [])
      assert.deepStrictEqual(yield* samples("rebalancer_loop_iterations_total"), { "": 1 })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=none": 0 })
    }).pipe(withOwnMetrics)
  )

  it.effect("of a balanced cluster dispatches nothing and says how balanced it is", () =>
    Effect.gen(function* () {
      const { dispatched, rebalancer } = yield* makeWorld({ loads: balanced })
      assert.deepStrictEqual(reasonOf(yield* rebalancer.sweepOnce), {
        _tag: "balanced",
        spread: 0,
        allowed: 22
      })
      assert.deepStrictEqual(yield* dispatched, [])
      assert.deepStrictEqual(yield* samples("rebalancer_no_move_total"), { "reason=balanced": 1 })
    }).pipe(withOwnMetrics)
  )

  it.effect("without load metrics does nothing and counts the error", () =>
    Effect.gen(function* () {
      const { dispatched, rebalancer, snapshot } = yield* makeWorld()
      yield* Ref.set(snapshot, Effect.fail(new LoadMetricsUnavailable({ detail: "scrape failed" })))
      assert.deepStrictEqual(reasonOf(yield* rebalancer.sweepOnce), {
        _tag: "metricsUnavailable",
        detail: "no load metrics: scrape failed"
      })
      assert.deepStrictEqual(yield* dispatched, [])
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=metrics_snapshot": 1 })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_iterations_total"), { "": 1 })
    }).pipe(withOwnMetrics)
  )

  it.effect("keeps the reason short, however much a broken source answers", () =>
    Effect.gen(function* () {
      const { rebalancer, snapshot } = yield* makeWorld()
      yield* Ref.set(snapshot, Effect.fail(new LoadMetricsUnavailable({ detail: "<html>".repeat(100_000) })))
      const { detail } = reasonOf(yield* rebalancer.sweepOnce) as { detail: string }
      assert.strictEqual(detail.length, 300)
    })
  )

  it.effect("holds back while one node's cpu is at 0.95, and names the first such node", () =>
    Effect.gen(function* () {
      const [hot, second, third] = imbalanced
      const { dispatched, rebalancer } = yield* makeWorld({
        loads: [
          hot ?? load("1"),
          { ...(second ?? load("2")), cpuUtilization: 0.95 },
          { ...(third ?? load("3")), cpuUtilization: 0.99 }
        ]
      })
      assert.deepStrictEqual(reasonOf(yield* rebalancer.sweepOnce), {
        _tag: "backpressure",
        node: "2",
        cpu: 0.95,
        threshold: 0.8
      })
      assert.deepStrictEqual(yield* dispatched, [])
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=backpressure": 1 })
    }).pipe(withOwnMetrics)
  )

  it.effect("does not hold back at the threshold, nor for a cpu that is not a number", () =>
    Effect.gen(function* () {
      const { rebalancer, snapshot } = yield* makeWorld()
      for (const cpuUtilization of [0.8, Number.NaN]) {
        yield* Ref.set(snapshot, Effect.succeed(imbalanced.map((record) => ({ ...record, cpuUtilization }))))
        assert.strictEqual(reasonOf(yield* rebalancer.sweepOnce), "Dispatched")
      }
    })
  )

  it.effect("asks in order: the gate first, then the metrics, then the cpu", () =>
    Effect.gen(function* () {
      const { gate, rebalancer, snapshot } = yield* makeWorld()
      const busy = Effect.succeed(imbalanced.map((record) => ({ ...record, cpuUtilization: 1 })))
      yield* Ref.set(gate, Effect.succeed({ group: "g1", detail: "electing" }))
      yield* Ref.set(snapshot, Effect.die("asked for metrics while electing"))
      assert.propertyVal(reasonOf(yield* rebalancer.sweepOnce), "_tag", "electing")
      yield* Ref.set(gate, Effect.undefined)
      yield* Ref.set(snapshot, busy)
      assert.propertyVal(reasonOf(yield* rebalancer.sweepOnce), "_tag", "backpressure")
    })
  )

  it.effect("with a score that is not a number plans nothing and fails nothing", () =>
    Effect.gen(function* () {
      const { rebalancer, snapshot } = yield* makeWorld()
      yield* Ref.set(
        snapshot,
        Effect.succeed([...imbalanced.slice(0, 2), load("3", { readsPerSecond: Number.NaN })])
      )
      assert.deepStrictEqual(reasonOf(yield* rebalancer.sweepOnce), { _tag: "unscorable", nodes: ["3"] })
    })
  )

  it.effect("gives up on a gate or a source that never answers", () =>
    Effect.gen(function* () {
      const { gate, rebalancer, snapshot } = yield* makeWorld({
        options: { readTimeout: Duration.seconds(10) }
      })
      yield* Ref.set(snapshot, Effect.never)
      const first = yield* Effect.forkChild(rebalancer.sweepOnce)
      yield* TestClock.adjust("10 seconds")
      assert.propertyVal(reasonOf(yield* Fiber.join(first)), "_tag", "metricsUnavailable")
      yield* Ref.set(gate, Effect.never)
      const second = yield* Effect.forkChild(rebalancer.sweepOnce)
      yield* TestClock.adjust("10 seconds")
      assert.propertyVal(reasonOf(yield* Fiber.join(second)), "_tag", "electing")
    })
  )
})

const failing = Layer.succeed(MigrationDispatcher, {
  dispatch: (move) => Effect.fail(new DispatchFailed({ move, detail: "target is full" }))
})

describe("a dispatch", () => {
  it.effect("is not waited for: neither the sweep nor its duration includes it", () =>
    Effect.gen(function* () {
      const finish = yield* Deferred.make<void>()
      const slow = Layer.succeed(MigrationDispatcher, { dispatch: () => Deferred.await(finish) })
      const { rebalancer } = yield* makeWorld({ dispatcher: slow })
      assert.strictEqual((yield* rebalancer.sweepOnce).tookMillis, 0)
      yield* settle
      assert.deepStrictEqual(yield* samples("rebalancer_pending_moves"), { "": 6 })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_iterations_total"), { "": 1 })
      yield* Deferred.succeed(finish, undefined)
      yield* settle
      assert.deepStrictEqual(yield* samples("rebalancer_pending_moves"), { "": 0 })
      assert.deepStrictEqual(yield* samples("rebalancer_moves_total"), { "kind=leader,outcome=completed": 6 })
    }).pipe(withOwnMetrics)
  )

  it.effect("that fails later is counted", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeWorld({ dispatcher: failing })
      assert.strictEqual(reasonOf(yield* rebalancer.sweepOnce), "Dispatched")
      yield* settle
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=dispatch": 6 })
      assert.deepStrictEqual(yield* samples("rebalancer_moves_total"), { "kind=leader,outcome=failed": 6 })
    }).pipe(withOwnMetrics)
  )

  it.effect("that breaks is counted too, and the next sweep goes on", () =>
    Effect.gen(function* () {
      const broken = Layer.succeed(MigrationDispatcher, {
        dispatch: () => {
          throw new Error("bug in the dispatcher")
        }
      })
      const { rebalancer } = yield* makeWorld({ dispatcher: broken })
      yield* rebalancer.sweepOnce
      yield* settle
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=dispatch": 6 })
      assert.strictEqual((yield* rebalancer.sweepOnce).sweep, 2)
    }).pipe(withOwnMetrics)
  )

  it.effect("is refused and counted while too many are under way", () =>
    Effect.gen(function* () {
      const hung = Layer.succeed(MigrationDispatcher, { dispatch: () => Effect.never })
      const { rebalancer } = yield* makeWorld({ dispatcher: hung, options: { maxMovesPending: 4 } })
      yield* rebalancer.sweepOnce
      yield* rebalancer.sweepOnce
      assert.deepStrictEqual(yield* samples("rebalancer_pending_moves"), { "": 4 })
      assert.deepStrictEqual(yield* samples("rebalancer_moves_total"), { "kind=leader,outcome=refused": 8 })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=dispatch": 8 })
    }).pipe(withOwnMetrics)
  )

  it.effect("is interrupted when the rebalancer's scope ends", () =>
    Effect.gen(function* () {
      const interrupted = yield* Ref.make(0)
      const hung = Layer.succeed(MigrationDispatcher, {
        dispatch: () => Effect.onInterrupt(Effect.never, () => Ref.update(interrupted, (count) => count + 1))
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { rebalancer } = yield* makeWorld({ dispatcher: hung })
          yield* rebalancer.sweepOnce
          yield* settle
        })
      )
      assert.strictEqual(yield* Ref.get(interrupted), 6)
      assert.deepStrictEqual(yield* samples("rebalancer_pending_moves"), { "": 0 })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=none": 0 })
    }).pipe(withOwnMetrics)
  )

  it.effect("over the control store really changes the routing table", () =>
    Effect.gen(function* () {
      const { rebalancer, store } = yield* makeWorld({ dispatcher: MigrationDispatcher.layerControlStore })
      const before = (yield* store.read).state.routing
      const { action } = yield* rebalancer.sweepOnce
      yield* settle
      const after = (yield* store.read).state.routing
      assert.strictEqual(action._tag, "Dispatched")
      assert.notDeepEqual(after.groups, before.groups)
      for (const { group, source, target } of action._tag === "Dispatched" ? action.moves : []) {
        assert.strictEqual(source, "1")
        assert.strictEqual(after.groups.get(group)?.leader, target)
        assert.strictEqual(after.groups.get(group)?.members.length, before.groups.get(group)?.members.length)
      }
    })
  )
})

describe("decisions", () => {
  it.effect("are kept, newest last, up to a limit, and numbered on", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeWorld({ loads: balanced, options: { history: 3 } })
      for (let count = 0; count < 5; count += 1) yield* rebalancer.sweepOnce
      const recent = yield* rebalancer.recent
      assert.deepStrictEqual(
        recent.map(({ sweep }) => sweep),
        [3, 4, 5]
      )
    })
  )

  it.effect("are streamed as they are made", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* makeWorld({ loads: balanced })
      const reader = yield* rebalancer.decisions.pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const made = [yield* rebalancer.sweepOnce, yield* rebalancer.sweepOnce]
      assert.deepStrictEqual([...(yield* Fiber.join(reader))], made)
    })
  )

  it.effect("survive the way to JSON and back", () =>
    Effect.gen(function* () {
      const { rebalancer, snapshot } = yield* makeWorld()
      const codec = Schema.toCodecJson(SweepDecision)
      yield* rebalancer.sweepOnce
      yield* Ref.set(snapshot, Effect.succeed(balanced))
      yield* rebalancer.sweepOnce
      for (const decision of yield* rebalancer.recent) {
        const text = JSON.stringify(yield* Schema.encodeEffect(codec)(decision))
        assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(JSON.parse(text)), decision)
      }
    })
  )

  it.effect("leave the plan behind them, with the scores it was made from", () =>
    Effect.gen(function* () {
      const { rebalancer, snapshot } = yield* makeWorld()
      assert.strictEqual(yield* rebalancer.lastPlan, undefined)
      yield* rebalancer.sweepOnce
      const plan = yield* rebalancer.lastPlan
      assert.strictEqual(plan?._tag, "Planned")
      assert.deepStrictEqual(plan?.scores.at(-1), { node: "1", score: 5900 })
      yield* Ref.set(snapshot, Effect.fail(new LoadMetricsUnavailable({ detail: "scrape failed" })))
      yield* rebalancer.sweepOnce
      assert.strictEqual(yield* rebalancer.lastPlan, plan, "a sweep that plans nothing keeps the last plan")
    })
  )
})

describe("the control store", () => {
  it.effect("failing to answer is a reason to move nothing", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const down = new ControlStoreError({ reason: new StoreUnavailable({ detail: "disk full" }) })
      const layer = Rebalancer.layer().pipe(
        Layer.provide(Layer.mock(ControlStore, { read: Effect.fail(down) })),
        Layer.provide(Layer.succeedContext(world.context))
      )
      const { action } = yield* Effect.flatMap(Rebalancer, ({ sweepOnce }) => sweepOnce).pipe(
        Effect.provide(layer)
      )
      assert.deepStrictEqual(action, {
        _tag: "Skipped",
        reason: {
          _tag: "controlStoreUnavailable",
          detail: "the control store is unavailable: disk full"
        }
      })
      assert.deepStrictEqual(yield* samples("rebalancer_loop_errors_total"), { "kind=control_store": 1 })
    }).pipe(withOwnMetrics)
  )
})

describe("options", () => {
  it("are those of the compatible policy when left out", () => {
    const { backpressureCpu, imbalanceThresholdPercent, interval, maxMovesPerGroup, maxMovesTotal, weights } =
      RebalancerOptions.make({})
    assert.strictEqual(Duration.toSeconds(interval), 30)
    assert.strictEqual(backpressureCpu, 0.8)
    assert.strictEqual(imbalanceThresholdPercent, 20)
    assert.strictEqual(maxMovesPerGroup, 1)
    assert.strictEqual(maxMovesTotal, 10)
    assert.deepStrictEqual(weights, {
      shards: 1,
      mebibytes: 1,
      writes: 1,
      reads: 1,
      queries: 1,
      latencyMillis: 0.001
    })
  })

  it.each<[string, unknown]>([
    ["interval", "1 millis"],
    ["interval", "Infinity"],
    ["interval", 30],
    ["backpressureCpu", 1.5],
    ["backpressureCpu", Number.NaN],
    ["imbalanceThresholdPercent", 256],
    ["imbalanceThresholdPercent", 20.5],
    ["maxMovesTotal", -1],
    ["maxMovesTotal", 1_000_000],
    ["weights", { reads: -1 }],
    ["history", 0]
  ])("refuse %s = %j and name it", (key, value) => {
    const result = Schema.decodeExit(RebalancerOptions)({ [key]: value })
    assert.isTrue(Exit.isFailure(result))
    assert.include(Exit.isFailure(result) ? Cause.pretty(result.cause) : "", key)
  })

  it("take one weight and keep the other defaults", () => {
    const { interval, weights } = Schema.decodeSync(RebalancerOptions)({
      interval: "5 minutes",
      weights: { shards: 5 }
    })
    assert.strictEqual(Duration.toMinutes(interval), 5)
    assert.deepStrictEqual([weights.shards, weights.mebibytes, weights.latencyMillis], [5, 1, 0.001])
  })
})
