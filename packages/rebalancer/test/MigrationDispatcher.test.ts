import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"

import { ControlStore, MigrationDispatcher, type PlannedMove } from "../src/index.ts"
import { dispatchState, layerRecordingDispatcher, migrationDispatcherContract } from "../src/testing/index.ts"
import { threeNodes } from "./support/world.ts"

const layer = MigrationDispatcher.layerControlStore.pipe(
  Layer.provideMerge(ControlStore.layerMemory(threeNodes))
)
const layers = {
  layerControlStore: MigrationDispatcher.layerControlStore.pipe(
    Layer.provide(ControlStore.layerMemory(dispatchState))
  ),
  layerRecordingDispatcher: Layer.unwrap(
    Effect.map(Ref.make<ReadonlyArray<PlannedMove>>([]), layerRecordingDispatcher)
  )
}

describe.for(Object.entries(layers))("MigrationDispatcher.%s", ([, layer]) => {
  for (const { name, run } of migrationDispatcherContract) it.effect(name, () => Effect.provide(run, layer))
})

const move = { shard: 0, source: "1", target: "2", group: 1 }

describe("MigrationDispatcher.layerControlStore", () => {
  it.effect("hands the group over in the control store", () =>
    Effect.gen(function* () {
      yield* (yield* MigrationDispatcher).dispatch(move)
      const { routing } = (yield* (yield* ControlStore).read).state
      assert.deepStrictEqual(routing.groups.get(1), { leader: "2", members: ["2"], learners: [] })
    }).pipe(Effect.provide(layer))
  )

  it.effect("carries simultaneous moves out, every one of them", () =>
    Effect.gen(function* () {
      const dispatcher = yield* MigrationDispatcher
      const groups = [1, 2, 3, 4, 5, 6]
      yield* Effect.forEach(
        groups,
        (group) => dispatcher.dispatch({ shard: group - 1, source: "1", target: "2", group }),
        { concurrency: "unbounded", discard: true }
      )
      const { routing } = (yield* (yield* ControlStore).read).state
      assert.isTrue(groups.every((group) => routing.groups.get(group)?.leader === "2"))
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuses a move that is out of date and says why", () =>
    Effect.gen(function* () {
      const dispatcher = yield* MigrationDispatcher
      yield* dispatcher.dispatch(move)
      const error = yield* Effect.flip(dispatcher.dispatch(move))
      assert.strictEqual(error.message, "group 1 was not moved from 1 to 2: group 1 is led by 2, not by 1")
      assert.strictEqual((yield* (yield* ControlStore).read).revision, 2)
    }).pipe(Effect.provide(layer))
  )
})
