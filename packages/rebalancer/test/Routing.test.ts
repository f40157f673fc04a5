import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

import { setLeader, shardCount } from "../src/core/routing.ts"
import { ControlStore, Routing, shardOfCollection, updateControlState } from "../src/index.ts"
import { makeMembership } from "./support/membership.ts"
import { threeNodes } from "./support/world.ts"

const makeRouting = Effect.fnUntraced(function* (members: Parameters<typeof makeMembership>[0] = {}) {
  const membership = yield* makeMembership(members)
  const context = yield* Layer.build(
    Routing.layer.pipe(
      Layer.provide(membership.layer),
      Layer.provideMerge(ControlStore.layerMemory(threeNodes))
    )
  )
  const elect = (group: number, leader: string) =>
    updateControlState((state) =>
      Effect.succeed({ ...state, routing: setLeader(state.routing, group, leader) })
    ).pipe(Effect.provide(context), Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 20 })))
  return {
    ...membership,
    elect,
    routing: Context.get(context, Routing),
    store: Context.get(context, ControlStore)
  }
})

describe("routing", () => {
  it.effect("finds a shard's group and leader", () =>
    Effect.gen(function* () {
      const { routing } = yield* makeRouting()
      assert.deepStrictEqual(yield* routing.locate(7), { _tag: "Mapped", group: 2, leader: "1" })
    })
  )

  it.effect("finds a collection by its name", () =>
    Effect.gen(function* () {
      const { routing } = yield* makeRouting()
      const found = yield* routing.locateCollection("users")
      assert.deepStrictEqual(found, yield* routing.locate(shardOfCollection("users")))
    })
  )

  it.effect("fails for a shard that is not mapped, and says which shards there are", () =>
    Effect.gen(function* () {
      const { routing } = yield* makeRouting()
      const error = yield* Effect.flip(routing.locate(shardCount))
      assert.strictEqual(error._tag, "ShardNotMapped")
      assert.strictEqual(error.message, "shard 1024 is not mapped to a group; shards are 0 to 1023")
    })
  )

  it.effect("follows the control store", () =>
    Effect.gen(function* () {
      const { elect, routing } = yield* makeRouting()
      yield* elect(2, "3")
      assert.strictEqual((yield* routing.locate(7)).leader, "3")
    })
  )
})

describe("leader hints", () => {
  it.effect("are forgotten while their node is doubted, without a write to the store", () =>
    Effect.gen(function* () {
      const { become, routing, store } = yield* makeRouting({ "1": "alive" })
      yield* become("1", "suspect")
      const { groups } = yield* routing.table
      assert.isTrue([...groups.values()].every(({ leader }) => leader !== "1"))
      const stored = yield* store.read
      assert.strictEqual(stored.revision, 1)
      assert.strictEqual(stored.state.routing.groups.get(2)?.leader, "1")
    })
  )

  it.effect("do not come back by themselves, but when somebody tells who leads", () =>
    Effect.gen(function* () {
      const { become, routing } = yield* makeRouting({ "1": "alive" })
      yield* become("1", "suspect")
      yield* become("1", "alive")
      assert.strictEqual((yield* routing.locate(7)).leader, undefined)
      yield* routing.learnLeader(2, "3")
      assert.strictEqual((yield* routing.locate(7)).leader, "3")
    })
  )

  it.effect("of a dead node stay forgotten when the store changes something else", () =>
    Effect.gen(function* () {
      const { become, elect, routing } = yield* makeRouting({ "1": "alive" })
      yield* become("1", "dead")
      yield* elect(3, "2")
      assert.strictEqual((yield* routing.locate(7)).leader, undefined)
      yield* elect(2, "2")
      assert.strictEqual((yield* routing.locate(7)).leader, "2")
    })
  )

  it.effect("start without the nodes that are doubted already", () =>
    Effect.gen(function* () {
      const { routing } = yield* makeRouting({ "1": "dead", "2": "alive" })
      assert.strictEqual((yield* routing.locate(7)).leader, undefined)
    })
  )
})
