import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"

import type { KeyChange } from "../src/OwnKeyring.ts"
import { makeReservedRing } from "../src/ReservedRing.ts"

const use: KeyChange = { _tag: "use", keyId: "00000001" }

/** A reserved ring, and the changes that came through. */
const start = () => {
  const done: Array<KeyChange["_tag"]> = []
  const ring = makeReservedRing({
    list: Effect.succeed([{ keyId: "00000001", primary: false }]),
    change: ({ _tag }) =>
      Effect.sync(() => {
        done.push(_tag)
        return "00000001"
      })
  })
  return { ring, done }
}

describe("a ring that was checked", () => {
  it.effect("is changed by the command that checked it, once, and then free for others", () =>
    Effect.gen(function* () {
      const { done, ring } = start()
      assert.lengthOf(yield* ring.reserve("a", 1), 1)
      const { detail } = yield* Effect.flip(ring.reserve("b", 2))
      assert.strictEqual(detail, "its keys are being changed from a; ask again in 5 s")
      yield* Effect.flip(ring.change(2, use))
      assert.deepStrictEqual(done, [])
      yield* ring.change(1, use)
      yield* Effect.flip(ring.change(1, use))
      yield* ring.reserve("b", 2)
      assert.deepStrictEqual(done, ["use"])
    })
  )

  it.effect("is not changed by what comes late, or after the next command of the same member", () =>
    Effect.gen(function* () {
      const { done, ring } = start()
      yield* ring.reserve("a", 1)
      yield* ring.reserve("a", 2)
      const { detail } = yield* Effect.flip(ring.change(1, use))
      assert.strictEqual(detail, "its keys were not checked just before; ask again")
      yield* TestClock.adjust("5 seconds")
      yield* Effect.flip(ring.change(2, use))
      assert.deepStrictEqual(done, [])
      yield* ring.reserve("b", 3)
    })
  )

  it.effect("takes a new key at any time: that locks nobody out", () =>
    Effect.gen(function* () {
      const { done, ring } = start()
      yield* ring.reserve("a", 1)
      yield* ring.change(2, { _tag: "install", key: Redacted.make("k") })
      yield* ring.change(1, use)
      assert.deepStrictEqual(done, ["install", "use"])
    })
  )
})
