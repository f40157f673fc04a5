import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { startCluster } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"

describe("calls", () => {
  it.effect("are answered by whoever registered under the name", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* members.b.calls.answer("echo", (from, payload) => Effect.succeed({ from, payload }))
        const question = { name: "echo", payload: [1, "two"], timeout: "1 second" } as const
        assert.deepStrictEqual(yield* members.a.calls.call("b", question), { from: "a", payload: [1, "two"] })
      })
    )
  )

  it.effect("fail with the reason: nobody answers, no address, not in time", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* members.b.calls.answer("slow", () => Effect.never)
        const kindOf = (peer: string, name: string) =>
          Effect.map(
            Effect.flip(members.a.calls.call(peer, { name, payload: null, timeout: "2 seconds" })),
            ({ kind }) => kind
          )
        assert.strictEqual(yield* kindOf("b", "nothing"), "refused")
        assert.strictEqual(yield* kindOf("z", "nothing"), "no_address")
        const slow = yield* Effect.forkChild(kindOf("b", "slow"))
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(yield* Fiber.join(slow), "timeout")
      })
    )
  )
})
