import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"

import { Election, LeaderLease, LeaseElection, LeaseElectionOptions, LeaseStore } from "../src/index.ts"
import { timingOf } from "../src/LeaseElectionOptions.ts"
import { type LeaseStoreFault, makeFaultyLeaseStore } from "../src/testing/index.ts"
import { counted } from "./support/counted.ts"
import { present } from "./support/present.ts"

/** Default timing: 10 s to live less 0.5 s guard, renewed every 10/3 s, calls given up after as long; read every half second. */
const ttlMillis = 10_000
const pollMillis = 500

/** Nodes over one store in memory, each behind faults of its own. */
const makeCluster = Effect.gen(function* () {
  const store = Context.get(yield* Layer.build(LeaseStore.layerMemory), LeaseStore)
  const outer = yield* Effect.scope
  return {
    store,
    start: Effect.fnUntraced(function* (
      self: string,
      options: Partial<Parameters<typeof LeaseElection.layer>[0]> = {}
    ) {
      const scope = yield* Scope.fork(outer)
      const front = makeFaultyLeaseStore(store)
      const layer = LeaseElection.layer({ self, ...options }).pipe(
        Layer.provide(Layer.succeed(LeaseStore, front.store))
      )
      const election = Context.get(yield* Layer.buildWithScope(layer, scope), Election)
      yield* TestClock.adjust("1 millis")
      return {
        ...election,
        calls: front.calls,
        fault: (fault: LeaseStoreFault) => front.set(fault),
        stop: Scope.close(scope, Exit.void)
      }
    })
  }
})

const leaderAmong = <N extends { readonly isLeader: Effect.Effect<boolean> }>(nodes: ReadonlyArray<N>) =>
  Effect.filter(nodes, ({ isLeader }) => isLeader)

/** Lets time pass in steps until a node leads; how long that took, in ms. */
const millisUntilLeads = Effect.fnUntraced(function* (node: { readonly isLeader: Effect.Effect<boolean> }) {
  for (let millis = 0; millis <= 30_000; millis += 10) {
    if (yield* node.isLeader) return millis
    yield* TestClock.adjust("10 millis")
  }
  return Infinity
})

/** Work that runs until it is interrupted, and then cleans up; returns when it runs. */
const startWork = Effect.fnUntraced(function* (node: Election["Service"], cleanUp: Effect.Effect<unknown>) {
  const started = yield* Deferred.make<void>()
  const work = Effect.andThen(
    Effect.acquireRelease(Deferred.succeed(started, undefined), () => cleanUp),
    Effect.never
  )
  yield* Effect.forkChild(node.whileLeader(work))
  yield* Deferred.await(started)
})

describe("LeaseElection", () => {
  it.effect("one of three leads, and the others learn who from the lease", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const b = yield* start("b")
      assert.isTrue(yield* a.isLeader)
      assert.deepStrictEqual(yield* b.leadership, { leader: "a", term: 1 })
      assert.deepStrictEqual(yield* b.quorum, { alive: 1, needed: 1, present: true })
    })
  )

  for (const fault of [{ _tag: "Outage" }, { _tag: "Hang" }, { _tag: "LostReply" }] as const) {
    it.effect(`a leader stops at its deadline, not later: ${fault._tag}`, () =>
      Effect.gen(function* () {
        const { start } = yield* makeCluster
        const a = yield* start("a")
        const work = yield* Effect.forkChild(a.whileLeader(Effect.never))
        a.fault(fault)
        yield* TestClock.adjust(Duration.millis(9498))
        assert.isTrue(yield* a.isLeader)
        assert.isUndefined(work.pollUnsafe())
        yield* TestClock.adjust(Duration.millis(2))
        assert.isFalse(yield* a.isLeader)
        const lost = yield* Effect.flip(Fiber.join(work))
        assert.strictEqual(lost._tag, "LeadershipLost")
        yield* TestClock.adjust(Duration.millis(ttlMillis / 3))
        assert.deepStrictEqual(yield* a.leadership, { leader: undefined, term: 1 })
        assert.isFalse((yield* a.quorum).present)
      })
    )

    it.effect(`a leader that lost the store leads again once it is back: ${fault._tag}`, () =>
      Effect.gen(function* () {
        const { start } = yield* makeCluster
        const a = yield* start("a")
        a.fault(fault)
        yield* TestClock.adjust("1 minute")
        a.fault({ _tag: "None" })
        yield* TestClock.adjust("20 seconds")
        assert.isTrue(yield* a.isLeader)
        assert.isAbove((yield* a.leadership).term, 1)
      })
    )
  }

  it.effect("a store that is slow costs nothing as long as it answers in time", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      a.fault({ _tag: "Slow", delay: "3 seconds" })
      for (let second = 0; second < 120; second++) {
        yield* TestClock.adjust("1 second")
        assert.isTrue(yield* a.isLeader, `after ${second} s`)
      }
      assert.strictEqual((yield* a.leadership).term, 1)
      a.fault({ _tag: "None" })
    })
  )

  it.effect("a crashed leader is followed after its time to live, by the others' clocks", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const b = yield* start("b")
      yield* TestClock.adjust("30 seconds")
      a.fault({ _tag: "Outage" })
      const waited = yield* millisUntilLeads(b)
      assert.isAtLeast(waited, ttlMillis - ttlMillis / 3)
      // To live, the drift, and one look.
      assert.isAtMost(waited, ttlMillis * 1.025 + pollMillis)
      assert.isFalse(yield* a.isLeader)
      assert.isAbove((yield* b.leadership).term, 1)
    })
  )

  it.effect("a leader that resigns, or stops, is followed within one poll", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const b = yield* start("b")
      const c = yield* start("c")
      yield* a.resign
      assert.isAtMost(
        yield* millisUntilLeads({ isLeader: Effect.map(leaderAmong([b, c]), (all) => all.length === 1) }),
        pollMillis
      )
      const [second] = yield* leaderAmong([b, c])
      yield* present(second).stop
      const others = second === b ? [a, c] : [a, b]
      const followed = Effect.map(leaderAmong(others), (all) => all.length === 1)
      assert.isAtMost(yield* millisUntilLeads({ isLeader: followed }), pollMillis)
    })
  )

  it.effect("a node that stops lets running work clean up before it releases the lease", () =>
    Effect.gen(function* () {
      const { start, store } = yield* makeCluster
      const a = yield* start("a")
      let holder: string | undefined
      yield* startWork(
        a,
        Effect.map(Effect.orDie(store.read("leader")), (lease) => (holder = lease?.holder))
      )
      yield* a.stop
      assert.match(holder ?? "", /^a#/)
      assert.isUndefined((yield* store.read("leader"))?.holder)
    })
  )

  it.effect("the lease is renewed while work that resigned cleans up, for the drain time at most", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a", { drain: Duration.seconds(30) })
      const b = yield* start("b")
      yield* startWork(a, Effect.sleep("1 hour"))
      yield* Effect.forkChild(a.resign)
      yield* TestClock.adjust("29 seconds")
      assert.isTrue(yield* a.isLeader)
      const waited = yield* millisUntilLeads(b)
      assert.isAtLeast(waited, 1000)
      assert.isAtMost(waited, 1000 + ttlMillis * 1.025 + pollMillis)
      assert.isFalse(yield* a.isLeader)
      yield* TestClock.adjust("1 hour")
    })
  )

  it.effect("work has the epoch as its fencing token and the lease's time left", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const seen = yield* a.whileLeader(
        Effect.gen(function* () {
          const lease = yield* LeaderLease
          return { token: lease.token, left: Duration.toMillis(yield* lease.remaining) }
        })
      )
      assert.strictEqual(seen.token, 1)
      assert.approximately(seen.left, 9499, 1)
    })
  )

  it.effect("wall clocks that jump by an hour change nothing", () =>
    Effect.gen(function* () {
      let offMillis = 0
      const clock = yield* Clock.Clock
      const { start } = yield* makeCluster
      const jumping = Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offMillis,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (millis) => millis + offMillis)
      })
      const withJumps = Effect.provideService(Clock.Clock, jumping)
      const a = yield* withJumps(start("a"))
      const b = yield* withJumps(start("b"))
      for (const jump of [3_600_000, -3_600_000, 0]) {
        offMillis = jump
        for (let second = 0; second < 20; second++) {
          yield* TestClock.adjust("1 second")
          assert.isTrue(yield* withJumps(a.isLeader))
          assert.isFalse(yield* withJumps(b.isLeader))
        }
      }
      assert.strictEqual((yield* a.leadership).term, 1)
    })
  )

  it.effect("elections of different names do not disturb each other", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a", { name: "one" })
      const b = yield* start("b", { name: "two" })
      assert.isTrue(yield* a.isLeader)
      assert.isTrue(yield* b.isLeader)
    })
  )

  it.effect("a leader asks three times per time to live, a node that waits once per poll", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const b = yield* start("b")
      const [fromA, fromB] = [a.calls(), b.calls()]
      yield* TestClock.adjust("100 seconds")
      assert.approximately(a.calls() - fromA, 30, 1)
      assert.approximately(b.calls() - fromB, 222, 26)
    })
  )

  it.effect("calls that fail are counted by their reason", () =>
    Effect.gen(function* () {
      const { start } = yield* makeCluster
      const a = yield* start("a")
      const before = yield* counted("lease_election_errors_total", { kind: "Unavailable" })
      a.fault({ _tag: "Outage" })
      yield* TestClock.adjust("20 seconds")
      assert.isAbove(yield* counted("lease_election_errors_total", { kind: "Unavailable" }), before + 5)
    })
  )
})

describe("LeaseElectionOptions", () => {
  it("refuses timing under which two could lead, and says what would be right", () => {
    assert.strictEqual(refusal({}), "")
    assert.include(refusal({ ttl: Duration.millis(499) }), "ttl must be 500 ms to 1 day")
    assert.include(refusal({ guard: Duration.millis(400) }), "guard must be at least")
    assert.include(
      refusal({ drift: 0.05 }),
      "guard must be at least ttl x 2 x drift / (1 + drift), here 953 ms"
    )
    assert.include(refusal({ guard: Duration.seconds(4) }), "guard must be at most a third of ttl")
    assert.include(refusal({ poll: Duration.seconds(11) }), "poll must be")
    assert.include(refusal({ poll: Duration.millis(9) }), "poll must be")
  })

  it("looks twenty times per time to live, and once a second at the least", () => {
    assert.strictEqual(pollOf("500 millis"), 25)
    assert.strictEqual(pollOf("10 seconds"), 500)
    assert.strictEqual(pollOf("1 day"), 1000)
    assert.strictEqual(pollOf("10 seconds", { poll: Duration.seconds(3) }), 3000)
  })
})

/** Why the options are refused; empty when they are not. */
const refusal = (options: Partial<Parameters<typeof LeaseElection.layer>[0]>) => {
  const decoded = Schema.decodeUnknownExit(Schema.toType(LeaseElectionOptions))({
    ...LeaseElectionOptions.make({ self: "a" }),
    ...options
  })
  return Exit.isFailure(decoded) ? String(decoded.cause) : ""
}

/** How often a node looks with this time to live, in ms. */
const pollOf = (ttl: Duration.Input, options: { readonly poll?: Duration.Duration } = {}) =>
  timingOf(LeaseElectionOptions.make({ self: "a", ttl: Duration.fromInputUnsafe(ttl), ...options }))
    .pollMillis
