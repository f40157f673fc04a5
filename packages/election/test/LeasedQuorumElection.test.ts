import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Exit, Fiber, Latch, Layer } from "effect"

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

/** A node on its own, whose transport has rounds of this interval and carries nothing. */
const alone = (intervalMillis: number, options: Parameters<typeof LeasedQuorumElection.layer>[0]) =>
  LeasedQuorumElection.layer(options).pipe(
    Layer.provide(
      Layer.succeed(LeaseTransport, {
        self: "a",
        members: ["a"],
        intervalMillis,
        deadAfterMillis: 4 * intervalMillis,
        send: () => Effect.void,
        attach: () => Effect.void
      } as LeaseTransport["Service"])
    ),
    Layer.provide(Layer.succeed(PromiseStore, disk()))
  )

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
    const layer = alone(100, { lease: Duration.millis(600), poll: Duration.millis(5) })
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

describe("LeasedQuorumElection.transfer", () => {
  it.effect("is refused with what is known of the member, and nothing changes", () =>
    Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      yield* cutOff("c")
      yield* pass(5)
      const before = yield* a.leadership
      const refusal = yield* Effect.flip(a.transfer("c"))
      assert.strictEqual(refusal._tag === "TransferRefused" && refusal.reason, "notAlive")
      assert.match(refusal.message, /^a does not hand leadership to c: silent for [\d.]+ s; dead after 4 s$/)
      yield* pass(5)
      assert.deepStrictEqual(yield* a.leadership, before)
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("while leadership is on its way to another member, a second one is refused", () =>
    Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const cleanUp = yield* Latch.make()
      const work = Effect.acquireRelease(Effect.void, () => cleanUp.await).pipe(Effect.andThen(Effect.never))
      yield* Effect.forkDetach(a.whileLeader(work))
      yield* pass(1)
      const first = yield* Effect.forkDetach(a.transfer("c"))
      yield* pass(1)
      const explained = yield* a.explain
      assert.deepStrictEqual([explained.leader, explained.rule], ["a", "handingOver"])
      const refusal = yield* Effect.flip(a.transfer("b"))
      assert.strictEqual(refusal._tag === "TransferRefused" && refusal.reason, "handingOver")
      const same = yield* Effect.forkDetach(a.transfer("c"))
      yield* pass(1)
      yield* cleanUp.open
      yield* pass(1)
      yield* Fiber.join(first)
      yield* Fiber.join(same)
      assert.deepStrictEqual(yield* leadersOf(nodes), ["c"])
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("work may transfer leadership, and is then interrupted itself", () =>
    Effect.gen(function* () {
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const work = yield* Effect.forkDetach(a.whileLeader(Effect.andThen(a.transfer("c"), Effect.never)))
      yield* pass(2)
      assert.strictEqual((yield* Effect.flip(Fiber.join(work)))._tag, "LeadershipLost")
      assert.deepStrictEqual(yield* leadersOf(nodes), ["c"])
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("hands leadership back to a member that just gave it up, when it is named", () =>
    Effect.gen(function* () {
      const world = yield* ElectionWorld
      const [a, b, c] = [yield* world.start("a"), yield* world.start("b"), yield* world.start("c")]
      yield* pass(3)
      yield* Effect.forkDetach(a.transfer("b"))
      yield* pass(1)
      yield* Effect.forkDetach(b.transfer("a"))
      yield* pass(30)
      assert.deepStrictEqual(yield* leadersOf([a, b, c]), ["a"])
    }).pipe(Effect.provide(worldOf({})))
  )

  it.effect("lets go, and somebody else leads, when the member named does not take it", () =>
    Effect.gen(function* () {
      const world = yield* ElectionWorld
      const nodes = yield* startAll
      yield* pass(3)
      const [a] = nodes
      const { term } = yield* a.leadership
      // Its bids reach nobody, and a does not know yet.
      yield* world.cut("c", "a")
      yield* world.cut("c", "b")
      const call = yield* Effect.forkDetach(a.transfer("c"))
      yield* pass(1)
      yield* Fiber.join(call)
      assert.deepStrictEqual(yield* leadersOf(nodes), [])
      yield* pass(4)
      assert.deepStrictEqual(yield* leadersOf(nodes), ["b"])
      assert.isAbove((yield* a.leadership).term, term)
    }).pipe(Effect.provide(worldOf({})))
  )
})

describe("options of LeasedQuorumElection", () => {
  it.effect("that could let two lead, or none for long, are a defect that says what would be right", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refusalOf({}), "")
      assert.include(yield* refusalOf({ lease: Duration.millis(499) }), "lease must be 500 ms to 1 day")
      assert.include(yield* refusalOf({ lease: Duration.hours(25) }), "lease must be 500 ms to 1 day")
      assert.include(yield* refusalOf({ drift: 0.11 }), "0.1")
      assert.strictEqual(yield* refusalOf({ guard: Duration.millis(196) }), "")
      // 4000 x 2 x 0.025 / 1.025 = 195.1
      assert.include(
        yield* refusalOf({ guard: Duration.millis(195) }),
        "at least lease x 2 x drift / (1 + drift), here 196 ms"
      )
      assert.include(yield* refusalOf({ drift: 0.1 }), "here 728 ms")
      assert.strictEqual(yield* refusalOf({ drift: 0.1, guard: Duration.millis(728) }), "")
      assert.strictEqual(yield* refusalOf({ drift: 0, guard: Duration.zero }), "")
      assert.include(
        yield* refusalOf({ guard: Duration.seconds(2) }),
        "guard must be less than half of lease"
      )
      assert.include(yield* refusalOf({ poll: Duration.seconds(2) }), "poll must be less than half of lease")
      assert.include(
        yield* refusalOf({ lease: Duration.millis(1050) }),
        "lease (1050 ms) must be longer than a round of the transport plus guard (1052.5 ms)"
      )
      assert.strictEqual(yield* refusalOf({ lease: Duration.millis(1060) }), "")
    })
  )
})

/** Why a node whose transport has rounds of 1 s does not start; empty when it does. */
const refusalOf = (options: Parameters<typeof LeasedQuorumElection.layer>[0]) =>
  Effect.map(Effect.exit(Effect.scoped(Layer.build(alone(1000, options)))), (exit) =>
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
  )
