import { ConsensusGroups, InMemoryGroups } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

import { ElectionGate } from "../src/index.ts"

const asked = Effect.flatMap(ElectionGate, ({ anyGroupElecting }) => anyGroupElecting)

const makeGate = Effect.gen(function* () {
  const context = yield* Layer.build(
    ElectionGate.layerConsensusGroups.pipe(
      Layer.provideMerge(InMemoryGroups.layerNode("n1")),
      Layer.provideMerge(
        InMemoryGroups.layer({
          groups: {
            orders: { leader: "n1", voters: ["n1", "n2", "n3"] },
            users: { leader: "n2", voters: ["n1", "n2", "n3"] }
          }
        })
      )
    )
  )
  return {
    asked: Effect.provide(asked, context),
    groups: Context.get(context, ConsensusGroups),
    world: Context.get(context, InMemoryGroups)
  }
})

describe("the election gate", () => {
  it.effect("that is always ready never holds back", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* asked, undefined)
    }).pipe(Effect.provide(ElectionGate.layerAlwaysReady))
  )

  it.effect("lets sweeps through while every group has a leader", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      assert.strictEqual(yield* gate.asked, undefined)
    })
  )

  it.effect("names the group that elects, and lets through again once it has a leader", () =>
    Effect.gen(function* () {
      const gate = yield* makeGate
      yield* gate.world.elect("users", undefined)
      assert.strictEqual((yield* gate.asked)?.group, "users")
      yield* gate.world.elect("users", "n3")
      assert.strictEqual(yield* gate.asked, undefined)
    })
  )

  it.effect("holds back for a group that cannot be read, and when the groups cannot be listed", () =>
    Effect.gen(function* () {
      const { groups, world } = yield* makeGate
      yield* world.hang("n1")
      const failure = yield* Effect.flip(groups.status("orders"))
      const listless = Layer.succeed(ConsensusGroups, { ...groups, list: Effect.fail(failure) })
      const blind = Layer.succeed(ConsensusGroups, { ...groups, list: Effect.succeed(["orders", "users"]) })
      for (const layer of [listless, blind]) {
        const held = yield* asked.pipe(
          Effect.provide(Layer.provide(ElectionGate.layerConsensusGroups, layer))
        )
        assert.deepStrictEqual(held, { group: failure.group, detail: failure.message })
      }
    })
  )
})
