import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { emptyTopology } from "../src/core/topology.ts"
import { ControlStore, planByCount } from "../src/index.ts"
import { threeNodes } from "./support/world.ts"

describe("an operator's plan by count", () => {
  it.effect("evens out the shards and changes nothing yet", () =>
    Effect.gen(function* () {
      const plan = yield* planByCount()
      assert.deepStrictEqual([...plan.before.values()], [1024, 0, 0])
      assert.deepStrictEqual([...plan.after.values()], [342, 341, 341])
      assert.strictEqual((yield* (yield* ControlStore).read).revision, 1)
    }).pipe(Effect.provide(ControlStore.layerMemory(threeNodes)))
  )

  it.effect("fails without an active node", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(planByCount())
      assert.include(error.message, "no active nodes")
    }).pipe(Effect.provide(ControlStore.layerMemory({ ...threeNodes, topology: emptyTopology })))
  )
})
