import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { TestClock } from "effect/testing"

import type { HeartbeatRider } from "../src/index.ts"
import { addressOf, startCluster, states } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

describe("riders", () => {
  it.effect("are called in the order request, onTick, onReply here and onBeat there", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const log: Array<string> = []
        yield* members.a.heartbeats.ride(logging("a", log))
        yield* members.b.heartbeats.ride(logging("b", log))
        yield* TestClock.adjust("1 second")
        const round = ["a request b", "a tick", 'a reply b: "answer of b"']
        assert.deepStrictEqual(
          log.filter((line) => round.includes(line)),
          round
        )
        assert.include(log, 'b beat a: "request of a"')
        assert.isBelow(log.indexOf('b beat a: "request of a"'), log.indexOf('a reply b: "answer of b"'))
      })
    )
  )

  it.effect("tick before any reply of the round counts, however long they take", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const log: Array<string> = []
        yield* members.a.heartbeats.ride({
          ...logging("a", log),
          onTick: Effect.andThen(
            Effect.sleep("300 millis"),
            Effect.sync(() => log.push("a tick"))
          )
        })
        yield* TestClock.adjust("1 second")
        assert.isFalse(log.includes("a reply b: undefined"))
        yield* TestClock.adjust("300 millis")
        assert.isBelow(log.indexOf("a tick"), log.indexOf("a reply b: undefined"))
      })
    )
  )

  it.effect("tick even when no peer answers, and hear no reply that came too late", () =>
    isolated(
      Effect.gen(function* () {
        const { network, members } = yield* startCluster(["a", "b"])
        yield* network.delay(addressOf("b"), addressOf("a"), "1500 millis")
        const log: Array<string> = []
        yield* members.a.heartbeats.ride({ ...logging("a", log), onBeat: () => Effect.succeed(null) })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(log.filter((line) => line === "a tick").length, 5)
        assert.isFalse(log.some((line) => line.startsWith("a reply")))
      })
    )
  )

  it.effect("see a beat also when it has no payload for them", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const log: Array<string> = []
        yield* members.b.heartbeats.ride(logging("b", log))
        yield* TestClock.adjust("1 second")
        assert.include(log, "b beat a: undefined")
      })
    )
  )

  it.effect("named like a member of every object still see nothing where nothing was sent", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const seen: Array<unknown> = []
        yield* members.b.heartbeats.ride({
          ...logging("b", []),
          name: "constructor",
          onBeat: (_, payload) => Effect.sync(() => void seen.push(payload))
        })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(seen, [undefined])
      })
    )
  )

  it.effect("that die are counted, and harm neither the beats nor the other riders", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const log: Array<string> = []
        const die = Effect.die("a broken rider, on purpose")
        yield* members.a.heartbeats.ride({
          name: "broken",
          request: () => die,
          onTick: die,
          onBeat: () => die,
          onReply: () => die
        })
        yield* members.a.heartbeats.ride(logging("a", log))
        yield* TestClock.adjust("3 seconds")
        assert.include(log, "a tick")
        assert.deepStrictEqual(yield* states(members.a), { a: "alive", b: "alive" })
        assert.isAtLeast(yield* metric("heartbeat_rider_failures_total", { rider: "broken" }), 9)
      })
    )
  )

  it.effect("get off with their scope, and cannot share a name", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a"])
        const { heartbeats } = members.a
        const log: Array<string> = []
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* heartbeats.ride(logging("a", log))
            assert.isTrue(
              Exit.isFailure(yield* Effect.exit(Effect.scoped(heartbeats.ride(logging("a", log)))))
            )
            yield* TestClock.adjust("1 second")
          })
        )
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(log, ["a tick"])
      })
    )
  )

  it.effect("whose payload nobody claims are counted", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* members.a.heartbeats.ride(logging("a", []))
        yield* TestClock.adjust("1 second")
        assert.isAbove(yield* metric("heartbeat_unclaimed_payloads_total"), 0)
      })
    )
  )
})

const logging = (self: string, log: Array<string>): HeartbeatRider => {
  const add = <A>(line: string, answer: A) => Effect.sync(() => (log.push(`${self} ${line}`), answer))
  return {
    name: "log",
    request: (peer) => add(`request ${peer}`, `request of ${self}`),
    onTick: Effect.asVoid(add("tick", undefined)),
    onBeat: (from, payload) => add(`beat ${from}: ${JSON.stringify(payload)}`, `answer of ${self}`),
    onReply: (from, payload) => Effect.asVoid(add(`reply ${from}: ${JSON.stringify(payload)}`, undefined))
  }
}
