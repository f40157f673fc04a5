import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

import { makeEventLog } from "../src/EventLog.ts"

const leader = (name: string) => ({ _tag: "leader", leader: name, term: 1 }) as const
const all = { limit: 10_000 }

describe("the log of events", () => {
  it.effect("brings a follower what it missed, then what happens, each once", () =>
    Effect.gen(function* () {
      const log = yield* makeEventLog
      yield* log.record(leader("a"))
      yield* log.record(leader("b"))
      const [first] = yield* log.recent(all)
      const following = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(log.follow(first?.id ?? 0), 2)),
        { startImmediately: true }
      )
      yield* log.record(leader("c"))
      const told = yield* Fiber.join(following)
      assert.deepStrictEqual(
        told.map((event) => (event._tag === "leader" ? event.leader : event._tag)),
        ["b", "c"]
      )
    })
  )

  it.effect("says that events are lost to a reader that is too far behind, or of another run", () =>
    Effect.gen(function* () {
      const log = yield* makeEventLog
      yield* Effect.forEach(Array.from({ length: 10_100 }), () => log.record(leader("a")), { discard: true })
      const [oldest] = yield* log.recent(all)
      for (const after of [-1, 5, 1_000_000]) {
        const [gap, next] = yield* Stream.runCollect(Stream.take(log.follow(after), 2))
        assert.deepStrictEqual(gap, { _tag: "gap", after, next: oldest?.id ?? 0 })
        assert.deepStrictEqual(next, oldest)
      }
    })
  )

  it.effect("selects by number and by age", () =>
    Effect.gen(function* () {
      const log = yield* makeEventLog
      yield* log.record(leader("a"))
      yield* TestClock.adjust("1 minute")
      yield* log.record(leader("b"))
      yield* log.record(leader("c"))
      const shown = (selection: Parameters<typeof log.recent>[0]) =>
        Effect.map(log.recent(selection), (events) =>
          events.map((event) => (event._tag === "leader" ? event.leader : "")).join("")
        )
      assert.strictEqual(yield* shown(all), "abc")
      assert.strictEqual(yield* shown({ limit: 1 }), "c")
      assert.strictEqual(yield* shown({ limit: 10, maxAgeMillis: 30_000 }), "bc")
      const none = yield* log.cursor({ limit: 0 })
      const [last] = (yield* log.recent({ limit: 1 })).map(({ id }) => id)
      assert.strictEqual(none, last)
    })
  )
})
