import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Ref, Stream } from "effect"

import { ControlStore, type ControlSnapshot } from "../../src/index.ts"
import { controlStoreContract } from "../../src/testing/index.ts"
import { threeNodes } from "../support/world.ts"

/** A store that takes every write, whatever revision it starts from. */
const lastWriterWins = Layer.effect(
  ControlStore,
  Effect.gen(function* () {
    const current = yield* Ref.make<ControlSnapshot>({ revision: 1, state: threeNodes })
    return {
      read: Ref.get(current),
      compareAndSet: (_, state) =>
        Ref.updateAndGet(current, ({ revision }) => ({ revision: revision + 1, state })),
      changes: Stream.fromEffectRepeat(Ref.get(current))
    }
  })
)

it.effect("the contract finds a store that forgets to compare", () =>
  Effect.gen(function* () {
    const failed: Array<string> = []
    for (const { name, run } of controlStoreContract.slice(0, 3)) {
      if (Exit.isFailure(yield* Effect.exit(Effect.provide(run, lastWriterWins)))) failed.push(name)
    }
    assert.deepStrictEqual(failed, [
      "refuses a write that starts from an old revision, and keeps the state",
      "lets exactly one of several simultaneous writers win"
    ])
  })
)
