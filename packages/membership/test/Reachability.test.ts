import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

import { Membership } from "../src/Membership.ts"
import { CallFailed, PeerCalls } from "../src/PeerCalls.ts"
import { Reachability } from "../src/Reachability.ts"
import { StaticMembership } from "../src/StaticMembership.ts"

/** Peers that answer, fail with a kind, or never end; and what was asked of them. */
const world = Effect.gen(function* () {
  const behaviour = new Map<string, string>()
  const asked: Array<string> = []
  const calls = PeerCalls.of({
    addressOf: () => Effect.undefined,
    answer: () => Effect.void,
    call: (peer, { name, timeout }) =>
      Effect.suspend(() => {
        asked.push(`${peer} ${name}`)
        const kind = behaviour.get(peer)
        const failed = (reason: string) => new CallFailed({ peer, name, kind: reason, detail: "as told" })
        if (kind === undefined) return Effect.succeed("fine")
        if (kind !== "silent") return Effect.fail(failed(kind))
        return Effect.timeoutOrElse(Effect.never, {
          duration: timeout,
          orElse: () => Effect.fail(failed("timeout"))
        })
      })
  })
  const { membership, setState } = yield* StaticMembership.make({
    self: "a",
    members: [{ id: "b" }, { id: "c" }]
  })
  const reachability = yield* Reachability.layer().pipe(
    Layer.provide([Layer.succeed(PeerCalls, calls), Layer.succeed(Membership, membership)]),
    Layer.build,
    Effect.map(Context.get(Reachability))
  )
  const call = (peer: string) =>
    Effect.map(
      Effect.result(reachability.calls.call(peer, { name: "work", payload: null, timeout: "1 second" })),
      (result) => (result._tag === "Success" ? "answered" : result.failure.kind)
    )
  return { behaviour, asked, setState, reachability, call }
})

/** The clock, with its time of day moved. */
const jumped = (clock: Clock.Clock, millis: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + BigInt(millis) * 1_000_000n,
  currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(millis) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) => clock.sleep(duration)
})

const hourBack = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Clock.clockWith((clock) => Effect.provideService(effect, Clock.Clock, jumped(clock, -3_600_000)))

const repeated = <A>(times: number, effect: Effect.Effect<A>) =>
  Effect.forEach(Array.from({ length: times }), () => effect)

describe("Reachability", () => {
  it.effect("a call to a peer that failed five times in a row fails at once, and calls to others go on", () =>
    Effect.gen(function* () {
      const { asked, behaviour, call, reachability } = yield* world
      behaviour.set("b", "unreachable")
      assert.deepStrictEqual(yield* repeated(6, call("b")), [
        ...Array.from({ length: 5 }, () => "unreachable"),
        "circuit_open"
      ])
      assert.lengthOf(asked, 5)
      assert.strictEqual(yield* reachability.reach("b"), "unreachable")
      assert.strictEqual(yield* call("c"), "answered")
      assert.strictEqual(yield* reachability.reach("c"), "reachable")
    }).pipe(Effect.scoped)
  )

  it.effect("a refusal proves the peer to be there, and a missing address proves nothing", () =>
    Effect.gen(function* () {
      const { behaviour, call, reachability } = yield* world
      behaviour.set("b", "unreachable")
      yield* repeated(4, call("b"))
      behaviour.set("b", "refused")
      yield* call("b")
      behaviour.set("b", "unreachable")
      yield* repeated(4, call("b"))
      behaviour.set("b", "no_address")
      yield* repeated(20, call("b"))
      assert.strictEqual(yield* reachability.reach("b"), "reachable")
      behaviour.set("b", "unreachable")
      yield* call("b")
      assert.strictEqual(yield* reachability.reach("b"), "unreachable")
    }).pipe(Effect.scoped)
  )

  it.effect("after its rest one call is let through, and its success lets all through", () =>
    Effect.gen(function* () {
      const { behaviour, call } = yield* world
      behaviour.set("b", "unreachable")
      yield* repeated(5, call("b"))
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* call("b"), "circuit_open")
      yield* TestClock.adjust("1 millis")
      behaviour.set("b", "silent")
      const first = yield* Effect.forkChild(call("b"), { startImmediately: true })
      assert.strictEqual(yield* call("b"), "circuit_open", "one call at a time")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(first), "timeout")
      assert.strictEqual(yield* call("b"), "circuit_open", "a failed try begins another rest")
      behaviour.delete("b")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* repeated(3, call("b")), ["answered", "answered", "answered"])
    }).pipe(Effect.scoped)
  )

  it.effect("a peer that nobody calls is tried every 30 s and told reachable when it answers", () =>
    Effect.gen(function* () {
      const { asked, behaviour, call, reachability } = yield* world
      const changes: Array<string> = []
      yield* reachability.changes.pipe(
        Stream.runForEach(({ peer, reach }) => Effect.sync(() => changes.push(`${peer} ${reach}`))),
        Effect.forkScoped({ startImmediately: true })
      )
      behaviour.set("b", "unreachable")
      yield* repeated(5, call("b"))
      asked.length = 0
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(asked, ["b reachability.probe", "b reachability.probe"])
      assert.deepStrictEqual(changes, ["b unreachable"])
      behaviour.delete("b")
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(changes, ["b unreachable", "b reachable"])
      assert.strictEqual(yield* reachability.reach("b"), "reachable")
      yield* TestClock.adjust("5 minutes")
      assert.lengthOf(asked, 3, "nobody else is tried")
    }).pipe(Effect.scoped)
  )

  it.effect(
    "a peer that comes alive again is called at once, and so is one that was no member for a while",
    () =>
      Effect.gen(function* () {
        const { behaviour, call, reachability, setState } = yield* world
        const changes: Array<string> = []
        yield* reachability.changes.pipe(
          Stream.runForEach(({ peer, reach }) => Effect.sync(() => changes.push(`${peer} ${reach}`))),
          Effect.forkScoped({ startImmediately: true })
        )
        for (const peer of ["b", "stranger"]) {
          behaviour.set(peer, "unreachable")
          yield* repeated(5, call(peer))
        }
        yield* setState("b", "dead", "silent")
        assert.strictEqual(yield* reachability.reach("b"), "unreachable")
        behaviour.delete("b")
        yield* setState("b", "alive", "it answers")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* call("b"), "answered")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* reachability.reach("stranger"), "reachable")
        assert.deepStrictEqual(changes, [
          "b unreachable",
          "stranger unreachable",
          "b reachable",
          "stranger reachable"
        ])
      }).pipe(Effect.scoped)
  )

  it.effect("this node's own faults tell nothing about a peer", () =>
    Effect.gen(function* () {
      const { behaviour, call, reachability } = yield* world
      for (const kind of ["busy", "left", "bad_message", "too_large", "no_address"]) {
        behaviour.set("b", kind)
        yield* repeated(5, call("b"))
      }
      assert.strictEqual(yield* reachability.reach("b"), "reachable")
    }).pipe(Effect.scoped)
  )

  it.effect("a jump of the time of day changes nothing", () =>
    Effect.gen(function* () {
      const { behaviour, call } = yield* world
      behaviour.set("b", "unreachable")
      yield* repeated(5, call("b"))
      behaviour.delete("b")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* hourBack(call("b")), "answered")
    }).pipe(Effect.scoped)
  )

  it.effect("a round tries eight peers at most, each in its turn, and nobody who is no member", () =>
    Effect.gen(function* () {
      const { asked, behaviour, call, setState } = yield* world
      const peers = Array.from({ length: 10 }, (_, index) => `p${index}`)
      for (const peer of peers) yield* setState(peer, "alive", "it joined")
      yield* TestClock.adjust("1 millis")
      for (const peer of [...peers, "stranger"]) {
        behaviour.set(peer, "unreachable")
        yield* repeated(5, call(peer))
      }
      asked.length = 0
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(
        asked,
        peers.slice(0, 8).map((peer) => `${peer} reachability.probe`)
      )
      asked.length = 0
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(
        asked,
        [...peers.slice(8), ...peers.slice(0, 6)].map((peer) => `${peer} reachability.probe`)
      )
    }).pipe(Effect.scoped)
  )
})
