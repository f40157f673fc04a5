import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"

import { Membership } from "../src/index.ts"
import { makeMemoryNetwork, membershipContract } from "../src/testing/index.ts"
import { addressOf, startCluster, startMember, states, type TestMember } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

describe("HeartbeatMembership keeps the Membership contract", () => {
  for (const { name, run } of membershipContract) {
    it.effect(name, () =>
      isolated(
        Effect.gen(function* () {
          const { members } = yield* startCluster(["a", "b", "c"])
          yield* Effect.provideService(run, Membership, members.b.membership)
        })
      )
    )
  }
})

describe("liveness over the network", () => {
  it.effect("sees every peer one round after the start, and not before", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b", "c"])
        yield* TestClock.adjust("999 millis")
        assert.deepStrictEqual(yield* states(members.a), { a: "alive", b: "suspect", c: "suspect" })
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* states(members.a), { a: "alive", b: "alive", c: "alive" })
      })
    )
  )

  it.effect("a killed peer is dead after 4 s of silence and alive again when it comes back", () =>
    isolated(
      Effect.gen(function* () {
        const { network, peers, members } = yield* startCluster(["a", "b", "c"])
        const changes = yield* record(members.a)
        yield* TestClock.adjust("10 seconds")
        yield* members.c.kill
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual((yield* states(members.a))["c"], "alive")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* states(members.a), { a: "alive", b: "alive", c: "dead" })
        yield* startMember(network, { cluster: "test", self: "c", advertise: addressOf("c"), peers })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(changes, [
          "b suspect > alive",
          "c suspect > alive",
          "c alive > dead",
          "c dead > alive"
        ])
      })
    )
  )

  it.effect("a reply is proof of life even when the peer's own beats are lost", () =>
    isolated(
      Effect.gen(function* () {
        const peers = ["a", "b"].map((id) => ({ id, address: addressOf(id) }))
        const network = yield* makeMemoryNetwork
        const a = yield* startMember(network, { cluster: "test", self: "a", peers })
        yield* startMember(network, {
          cluster: "test",
          self: "b",
          peers: [{ id: "a", address: addressOf("nobody") }]
        })
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* states(a), { a: "alive", b: "alive" })
      })
    )
  )

  it.effect("a one-way cut kills in one direction of view only where nothing arrives", () =>
    isolated(
      Effect.gen(function* () {
        const { network, members } = yield* startCluster(["a", "b"])
        yield* network.cut(addressOf("a"), addressOf("b"))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* states(members.b))["a"], "dead")
        assert.strictEqual((yield* states(members.a))["b"], "alive")
        yield* network.heal(addressOf("a"), addressOf("b"))
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* states(members.b))["a"], "alive")
      })
    )
  )

  it.effect("a peer that never answers in time does not delay the others", () =>
    isolated(
      Effect.gen(function* () {
        const { network, members } = yield* startCluster(["a", "b", "c"])
        yield* network.delay(addressOf("a"), addressOf("b"), "1 hour")
        yield* network.delay(addressOf("b"), addressOf("a"), "1 hour")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* states(members.a), { a: "alive", b: "dead", c: "alive" })
        assert.isAbove(yield* metric("heartbeat_loop_errors_total", { kind: "timeout" }), 5)
      })
    )
  )

  it.effect("a peer without an address is counted, and beaten once it has introduced itself", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const a = yield* startMember(network, { cluster: "test", self: "a", peers: [{ id: "b" }] })
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total", { kind: "no_address" }), 1)
        assert.strictEqual(yield* a.calls.addressOf("b"), undefined)
        const peers = [{ id: "a", address: addressOf("a") }]
        const b = yield* startMember(network, {
          cluster: "test",
          self: "b",
          advertise: addressOf("b"),
          peers
        })
        yield* b.membership.join([addressOf("a")])
        assert.strictEqual(yield* a.calls.addressOf("b"), addressOf("b"))
        const [, seen] = yield* a.membership.members
        assert.strictEqual(seen?.address, addressOf("b"))
      })
    )
  )

  it.effect("a peer that leaves is left at once, and alive again when it restarts", () =>
    isolated(
      Effect.gen(function* () {
        const { network, peers, members } = yield* startCluster(["a", "b"])
        yield* TestClock.adjust("2 seconds")
        yield* members.b.membership.leave
        assert.strictEqual((yield* states(members.a))["b"], "left")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* states(members.a))["b"], "left")
        yield* members.b.kill
        yield* startMember(network, { cluster: "test", self: "b", advertise: addressOf("b"), peers })
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* states(members.a))["b"], "alive")
      })
    )
  )

  it.effect("a node that left beats nobody and is no sign of life, though it still runs", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* TestClock.adjust("2 seconds")
        yield* members.a.membership.leave
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* states(members.b))["a"], "left")
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total"), 5)
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total", { kind: "refused_left" }), 5)
      })
    )
  )

  it.effect("a peer that moved is reached at the address that it advertises", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const peers = [{ id: "b", address: addressOf("old") }]
        const a = yield* startMember(network, { cluster: "test", self: "a", peers })
        const moved = {
          cluster: "test",
          self: "b",
          advertise: addressOf("new"),
          peers: [{ id: "a", address: addressOf("a") }]
        }
        yield* startMember(network, moved, addressOf("new"))
        yield* TestClock.adjust("2 seconds")
        const failures = yield* metric("heartbeat_loop_errors_total", { kind: "unreachable" })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* a.calls.addressOf("b"), addressOf("new"))
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total", { kind: "unreachable" }), failures)
      })
    )
  )

  it.effect("labels reach the peers with the next beat", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* members.b.membership.setMetadata({ zone: "z1" })
        yield* TestClock.adjust("1 second")
        const [, b] = yield* members.a.membership.members
        assert.deepStrictEqual(b?.metadata, { zone: "z1" })
      })
    )
  )

  it.effect("a node alone is a member of itself", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const a = yield* startMember(network, { cluster: "test", self: "a", peers: [] })
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* states(a), { a: "alive" })
        assert.deepStrictEqual(a.heartbeats.configured, ["a"])
      })
    )
  )
})

describe("clocks", () => {
  it.effect("a wall clock that jumps by an hour, either way, changes nothing", () =>
    isolated(
      Effect.gen(function* () {
        const clock = yield* shiftedClock
        const { members } = yield* Effect.provideService(startCluster(["a", "b"]), Clock.Clock, clock.service)
        yield* TestClock.adjust("2 seconds")
        const changes = yield* record(members.a)
        for (const jump of [3_600_000, -7_200_000]) {
          clock.wallMillis += jump
          yield* TestClock.adjust("10 seconds")
        }
        assert.deepStrictEqual(changes, [])
        assert.strictEqual(yield* metric("heartbeat_stalls_total"), 0)
      })
    )
  )

  it.effect("a process that stood still for a minute buries nobody", () =>
    isolated(
      Effect.gen(function* () {
        const clock = yield* shiftedClock
        const { members } = yield* Effect.provideService(startCluster(["a", "b"]), Clock.Clock, clock.service)
        yield* TestClock.adjust("2 seconds")
        const changes = yield* record(members.a)
        clock.monotonicMillis += 60_000
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(changes, [])
        assert.strictEqual(yield* metric("heartbeat_stalls_total"), 2)
      })
    )
  )
})

describe("observations", () => {
  it.effect("the loop reports its four metrics and the members by state", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* metric("heartbeat_loop_iterations_total"), 6)
        assert.strictEqual(yield* metric("heartbeat_loop_up"), 1)
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total"), 0)
        assert.strictEqual(yield* metric("membership_members", { state: "alive" }), 2)
        yield* members.a.kill
        assert.strictEqual(yield* metric("heartbeat_loop_up"), 0)
      })
    )
  )
})

/** Changes of peers from now on, as text. */
const record = Effect.fnUntraced(function* (member: TestMember) {
  const seen: Array<string> = []
  yield* member.membership.changes.pipe(
    Stream.runForEach((change) =>
      Effect.sync(() => seen.push(`${change.member.id} ${change.previous} > ${change.member.state}`))
    ),
    Effect.forkScoped({ startImmediately: true })
  )
  return seen
})

/** The test clock with wall and monotonic time that a test moves apart. */
const shiftedClock = Effect.map(
  Clock.clockWith((clock) => Effect.succeed(clock)),
  (clock) => {
    const shift = { wallMillis: 0, monotonicMillis: 0 }
    const wallMillis = () => clock.currentTimeMillisUnsafe() + shift.wallMillis
    const wallNanos = () => BigInt(wallMillis()) * 1_000_000n
    const monotonic = () => clock.monotonicTimeNanosUnsafe() + BigInt(shift.monotonicMillis) * 1_000_000n
    const service: Clock.Clock = {
      currentTimeMillisUnsafe: wallMillis,
      currentTimeMillis: Effect.sync(wallMillis),
      currentTimeNanosUnsafe: wallNanos,
      currentTimeNanos: Effect.sync(wallNanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => clock.sleep(duration)
    }
    return Object.assign(shift, { service })
  }
)
