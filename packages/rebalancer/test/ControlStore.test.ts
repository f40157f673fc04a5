import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

import { ControlStore, ControlStoreError, RevisionConflict, updateControlState } from "../src/index.ts"
import { controlStoreContract } from "../src/testing/index.ts"
import { threeNodes } from "./support/world.ts"

const layers = { layerMemory: ControlStore.layerMemory(threeNodes) }

describe.for(Object.entries(layers))("ControlStore.%s", ([, layer]) => {
  for (const { name, run } of controlStoreContract) it.effect(name, () => Effect.provide(run, layer))
})

describe("an update", () => {
  it.effect("that changes nothing writes nothing", () =>
    Effect.gen(function* () {
      const { revision } = yield* updateControlState(Effect.succeed)
      assert.strictEqual(revision, 1)
    }).pipe(Effect.provide(layers.layerMemory))
  )

  it.effect("that fails leaves the state alone and fails with its own error", () =>
    Effect.gen(function* () {
      let tries = 0
      const change = () => {
        tries += 1
        return Effect.fail("no room" as const)
      }
      assert.strictEqual(yield* Effect.flip(updateControlState(change)), "no room")
      assert.strictEqual(tries, 1)
      assert.strictEqual((yield* (yield* ControlStore).read).revision, 1)
    }).pipe(Effect.provide(layers.layerMemory))
  )

  it.effect("gives up after 16 lost races", () =>
    Effect.gen(function* () {
      let writes = 0
      const store = yield* ControlStore
      const contended = Layer.succeed(ControlStore, {
        ...store,
        compareAndSet: (expected) => {
          writes += 1
          const reason = new RevisionConflict({ expected, actual: expected + 1 })
          return Effect.fail(new ControlStoreError({ reason }))
        }
      })
      const error = yield* Effect.flip(
        updateControlState((state) => Effect.succeed({ ...state })).pipe(Effect.provide(contended))
      )
      assert.strictEqual(error.message, "the control state is at revision 2, not at 1")
      assert.strictEqual(writes, 17)
    }).pipe(Effect.provide(layers.layerMemory))
  )
})
