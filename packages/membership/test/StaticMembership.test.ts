import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

import { Membership, StaticMembership } from "../src/index.ts"
import { membershipContract } from "../src/testing/index.ts"

const options = {
  self: "b",
  members: [
    { id: "c", address: "http://10.0.0.3:7070", metadata: { zone: "z" } },
    { id: "a", address: "http://10.0.0.1:7070" }
  ]
}

describe("StaticMembership keeps the Membership contract", () => {
  for (const { name, run } of membershipContract) {
    it.effect(name, () => Effect.provide(run, StaticMembership.layer(options)))
  }
})

describe("StaticMembership", () => {
  it.effect("lists the given members and itself, all alive", () =>
    Effect.gen(function* () {
      const membership = yield* Membership
      const view = yield* membership.members
      assert.deepStrictEqual(
        view.map(({ id, state, address }) => [id, state, address]),
        [
          ["a", "alive", "http://10.0.0.1:7070"],
          ["b", "alive", undefined],
          ["c", "alive", "http://10.0.0.3:7070"]
        ]
      )
      assert.deepStrictEqual(view[2]?.metadata, { zone: "z" })
    }).pipe(Effect.provide(StaticMembership.layer(options)))
  )

  it.effect("is a cluster of one without members", () =>
    Effect.gen(function* () {
      const membership = yield* Membership
      assert.strictEqual((yield* membership.members).length, 1)
    }).pipe(Effect.provide(StaticMembership.layer({ self: "a" })))
  )

  it.effect("moves members by hand, in order, telling subscribers when and why", () =>
    Effect.gen(function* () {
      const { membership, setState } = yield* StaticMembership.make(options)
      const collecting = yield* membership.changes.pipe(
        Stream.take(3),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("5 seconds")
      yield* setState("c", "dead", "unplugged")
      yield* setState("c", "dead", "still unplugged")
      yield* setState("c", "alive", "plugged in")
      yield* setState("d", "alive", "bought")
      const changes = yield* Fiber.join(collecting)
      assert.deepStrictEqual(
        changes.map(({ member, previous, reason }) => [member.id, previous, member.state, reason]),
        [
          ["c", "alive", "dead", "unplugged"],
          ["c", "dead", "alive", "plugged in"],
          ["d", undefined, "alive", "bought"]
        ]
      )
      assert.strictEqual(changes[0]?.member.sinceMillis, 5_000)
    })
  )
})
