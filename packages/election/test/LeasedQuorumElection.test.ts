import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Latch, Layer } from "effect"

import {
  Election,
  HeartbeatLeaseTransport,
  LeaderLease,
  LeasedQuorumElection,
  LeaseTransport,
  PromiseStore,
  PromiseStoreFailed,
  SuspendClock
} from "../src/index.ts"
import { ElectionWorld } from "../src/testing/index.ts"
import { counted } from "./support/counted.ts"
import { heartbeatElectionWorld } from "./support/heartbeatElectionWorld.ts"

type Store = PromiseStore["Service"]
type Node = Election["Service"]

/** A disk that outlives its node. */
const disk = (): Store => {
  let promised = 0
  return {
    load: Effect.sync(() => promised),
    save: (next) => Effect.sync(() => void (promised = Math.max(promised, next)))
  }
}

/** Three nodes; `storeOf` and `around` say what is special about some of them. */
const worldOf = (options: {
  readonly storeOf?: (self: string) => Store
  readonly around?: (self: string) => Layer.Layer<never>
}) => {
  const { around = () => Layer.empty, storeOf = disk } = options
  return heartbeatElectionWorld((self) =>
    LeasedQuorumElection.layer().pipe(
      Layer.provide(HeartbeatLeaseTransport.layer),
      Layer.provide(Layer.succeed(PromiseStore, storeOf(self))),
      Layer.provide(around(self))
    )
  )
}

const startAll = Effect.flatMap(ElectionWorld, (world) =>
  Effect.forEach(world.members, (id) => world.start(id))
)

const pass = (seconds: number) =>
  Effect.flatMap(ElectionWorld, (world) =>
    Effect.forEach(Array.from({ length: seconds * 10 }), () => world.advance(Duration.millis(100)), {
      discard: true
    })
  )

const leadersOf = (nodes: ReadonlyArray<Node>) =>
  Effect.map(
    Effect.filter(nodes, (node) => node.isLeader),
    (leaders) => leaders.map(({ self }) => self)
  )

const cutOff = Effect.fnUntraced(function* (node: string) {
  const world = yield* ElectionWorld
  for (const other of world.members.filter((id) => id !== node)) {
    yield* world.cut(node, other)
    yield* world.cut(other, node)
  }
})

/** Keeps the process busy. */
const standStill = (millis: number): void => {
  const until = performance.now() + millis
  while (performance.now() < until);
}

describe("LeasedQuorumElection", () => {
  it.effect("a node that cannot save its promise does not vote, and votes once it can", () => {
    let broken = true
    const failing = (self: string): Store => {
      const store = disk()
      const save = (promised: number) =>
        broken
          ? Effect.fail(new PromiseStoreFailed({ operation: "save", location: self, cause: "disk full" }))
          : store.save(promised)
      return { load: store.load, save }
    }
    return Effect.gen(function* () {
      const before = yield* counted("election_promise_failures_total", {})
      const nodes = yield* startAll
      yield* pass(20)
      assert.deepStrictEqual(yield* leadersOf(nodes), [])
      const failures = (yield* counted("election_promise_failures_total", {})) - before
      assert.isAbove(failures, 10)
      // Bids back off: once a beat, not at every poll.
      assert.isBelow(failures, 20 * nodes.length * 3)
      broken = false
      yield* pass(6)
      assert.lengthOf(yield* leadersOf(nodes), 1)
    }).pipe(Effect.provide(worldOf({ storeOf: (self) => (self === "a" ? disk() : failing(self)) })))
  })

  it.effect(
    "a disk that stalls costs its node's vote; the others elect, and it votes again when the disk is back",
    () =>
      Effect.gen(function* () {
        const stalled = yield* Latch.make()
        const stalling = (): Store => {
          const store = disk()
          return { load: store.load, save: (promised) => Effect.andThen(stalled.await, store.save(promised)) }
        }
        yield* Effect.gen(function* () {
          const world = yield* ElectionWorld
          const nodes = yield* startAll
          yield* pass(10)
          assert.deepStrictEqual(yield* leadersOf(nodes), ["a"])
          yield* stalled.open
          yield* pass(3)
          yield* world.crash("c")
          yield* pass(10)
          assert.deepStrictEqual(yield* leadersOf(nodes.slice(0, 2)), ["a"])
        }).pipe(Effect.provide(worldOf({ storeOf: (self) => (self === "b" ? stalling() : disk()) })))
      })
  )

  it.effect("a damaged promise is a node that does not start", () =>
    Effect.gen(function* () {
      const world = yield* ElectionWorld
      const exit = yield* Effect.exit(world.start("a"))
      assert.strictEqual(exit._tag, "Failure")
    }).pipe(
      Effect.provide(
        worldOf({
          storeOf: (self) => ({
            load: Effect.fail(
              new PromiseStoreFailed({ operation: "load", location: self, cause: "half a file" })
            ),
            save: () => Effect.void
          })
        })
      )
    )
  )

  it.effect("work has the fencing token of its term, and a check that fails when the lease ends", () =>
    Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const lease = yield* a.whileLeader(LeaderLease)
      assert.strictEqual(lease.token, (yield* a.leadership).term)
      yield* lease.check
      assert.isTrue(Duration.isLessThanOrEqualTo(yield* lease.remaining, Duration.millis(3800)))
      yield* cutOff("a")
      yield* pass(4)
      assert.strictEqual((yield* Effect.flip(lease.check)).term, lease.term)
      assert.isFalse(yield* a.isLeader)
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("work that cannot be stopped holds leadership for the drain time, and is then led without", () =>
    Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const stuck = Effect.acquireRelease(Effect.void, () => Effect.never).pipe(Effect.andThen(Effect.never))
      yield* Effect.forkDetach(a.whileLeader(stuck))
      yield* pass(1)
      const resigning = yield* Effect.forkDetach(a.resign)
      yield* pass(9)
      assert.deepStrictEqual(yield* leadersOf(nodes), ["a"])
      yield* pass(8)
      assert.deepStrictEqual(yield* leadersOf(nodes), ["b"])
      yield* Fiber.join(resigning)
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("a jump of the wall clock by an hour, forth and back, changes nothing", () => {
    let jumpMillis = 0
    const jumping = Layer.effect(
      Clock.Clock,
      Effect.clockWith((clock) =>
        Effect.succeed({
          currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + jumpMillis,
          currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + jumpMillis),
          currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(jumpMillis) * 1_000_000n,
          currentTimeNanos: Effect.sync(
            () => clock.currentTimeNanosUnsafe() + BigInt(jumpMillis) * 1_000_000n
          ),
          monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
          monotonicTimeNanos: clock.monotonicTimeNanos,
          sleep: (duration: Duration.Duration) => clock.sleep(duration)
        })
      )
    )
    return Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const before = yield* a.leadership
      for (const jump of [3_600_000, -3_600_000, 0]) {
        jumpMillis = jump
        for (let second = 0; second < 10; second++) {
          yield* pass(1)
          assert.deepStrictEqual(yield* leadersOf(nodes), ["a"])
        }
      }
      assert.deepStrictEqual(yield* a.leadership, before)
    }).pipe(Effect.provide(worldOf({ around: () => jumping })))
  })

  it.effect("a leader whose machine slept does not lead when it wakes, before any other code ran", () => {
    let sleptMillis = 0
    const sleeping = Layer.succeed(SuspendClock, { suspendedMillis: () => sleptMillis })
    return Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const lease = yield* a.whileLeader(LeaderLease)
      assert.isTrue(yield* a.isLeader)
      sleptMillis = 3800
      assert.isFalse(yield* a.isLeader)
      assert.strictEqual((yield* a.leadership).leader, undefined)
      assert.strictEqual((yield* Effect.flip(lease.check)).term, lease.term)
    }).pipe(Effect.provide(worldOf({ around: (self) => (self === "a" ? sleeping : Layer.empty) })))
  })

  it.live("a leader whose process stood still does not lead when it goes on, before any timer ran", () => {
    const alone = Layer.succeed(LeaseTransport, {
      self: "a",
      members: ["a"],
      intervalMillis: 1000,
      deadAfterMillis: 4000,
      send: () => Effect.void,
      attach: () => Effect.void
    } as LeaseTransport["Service"])
    const layer = LeasedQuorumElection.layer({
      lease: Duration.millis(600),
      guard: Duration.millis(50),
      poll: Duration.millis(5)
    }).pipe(Layer.provide(alone), Layer.provide(Layer.succeed(PromiseStore, disk())))
    return Effect.gen(function* () {
      const node = yield* Election
      const lease = yield* node.whileLeader(LeaderLease)
      const [before, check] = [yield* node.isLeader, yield* Effect.exit(lease.check)]
      assert.deepStrictEqual([before, check._tag], [true, "Success"])
      // One synchronous stretch: no fiber and no timer runs in between.
      const after = yield* Effect.sync(() => {
        standStill(600)
        return [Effect.runSync(node.isLeader), Effect.runSync(Effect.exit(lease.check))._tag]
      })
      assert.deepStrictEqual(after, [false, "Failure"])
    }).pipe(Effect.provide(layer))
  })
})
