import type { MemberState } from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"

import { putNode } from "../src/core/topology.ts"
import {
  layerKickOnMembershipChange,
  Rebalancer,
  RebalancerOptions,
  updateControlState
} from "../src/index.ts"
import { load } from "./support/loads.ts"
import { makeMembership } from "./support/membership.ts"
import { makeWorld } from "./support/world.ts"

const countKicks = Effect.fnUntraced(function* (transitions: ReadonlyArray<readonly [string, MemberState]>) {
  let kicks = 0
  const kick = Effect.sync(() => {
    kicks += 1
  })
  const membership = yield* makeMembership()
  yield* Layer.build(
    layerKickOnMembershipChange.pipe(
      Layer.provide(Layer.mock(Rebalancer, { kick, options: RebalancerOptions.make({}) })),
      Layer.provide(membership.layer)
    )
  )
  const kicksAfter: Array<number> = []
  for (const [id, state] of transitions) {
    yield* membership.become(id, state)
    kicksAfter.push(kicks)
  }
  return kicksAfter
})

describe("the kick hook", () => {
  it.effect("kicks for a new member, not for a suspicion and its refutation", () =>
    Effect.gen(function* () {
      const kicks = yield* countKicks([
        ["4", "alive"],
        ["4", "suspect"],
        ["4", "alive"]
      ])
      assert.deepStrictEqual(kicks, [1, 1, 1])
    })
  )

  it.effect("kicks for the first sign of life of a member that was only expected", () =>
    Effect.gen(function* () {
      const kicks = yield* countKicks([
        ["4", "suspect"],
        ["4", "alive"],
        ["4", "suspect"],
        ["4", "alive"]
      ])
      assert.deepStrictEqual(kicks, [0, 1, 1, 1])
    })
  )

  it.effect("kicks when a member dies, comes back, and leaves", () =>
    Effect.gen(function* () {
      const kicks = yield* countKicks([
        ["4", "alive"],
        ["4", "suspect"],
        ["4", "dead"],
        ["4", "alive"],
        ["4", "left"]
      ])
      assert.deepStrictEqual(kicks, [1, 1, 2, 3, 4])
    })
  )
})

describe("an elastic cluster", () => {
  it.effect("gives a fourth node load within 3 s of its arrival, with an interval of 300 s", () =>
    Effect.gen(function* () {
      const evenlyBusy = ["1", "2", "3"].map((node) => load(node, { queriesPerSecond: 100 }))
      const { context, dispatched, rebalancer, snapshot } = yield* makeWorld({
        loads: evenlyBusy,
        options: { interval: Duration.seconds(300) }
      })
      const membership = yield* makeMembership({ "1": "alive", "2": "alive", "3": "alive" })
      yield* Layer.build(
        Layer.merge(Rebalancer.layerRun, layerKickOnMembershipChange).pipe(
          Layer.provide(membership.layer),
          Layer.provide(Layer.succeedContext(context))
        )
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* rebalancer.recent, [])

      const fourth = { id: "4", address: "4.example:7480", state: "active" } as const
      yield* updateControlState((state) =>
        Effect.succeed({ ...state, topology: putNode(state.topology, fourth) })
      ).pipe(Effect.provide(context))
      yield* Ref.set(snapshot, Effect.succeed([...evenlyBusy, load("4")]))
      yield* membership.become("4", "alive")
      yield* TestClock.adjust("3 seconds")

      const moves = yield* dispatched
      assert.isAtLeast(moves.length, 1)
      assert.isTrue(moves.every(({ target }) => target === "4"))
      assert.deepStrictEqual(
        (yield* rebalancer.recent).map(({ trigger }) => trigger),
        ["kick"]
      )
    })
  )
})
