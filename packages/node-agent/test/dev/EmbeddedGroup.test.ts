import { consensusGroupsContract, GroupsWorld } from "@coterie/election/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"

import type { WriteFailed } from "../../src/dev/EmbeddedGroup.ts"
import { EmbeddedWorld } from "./EmbeddedWorld.ts"

/** The embedded engine lives in the agent's own process: there is nobody to ask when it is down. */
const notApplicable = "a dead local engine is Unavailable, a hung one TimedOut"
const applicable = consensusGroupsContract.filter(({ name }) => name !== notApplicable)

const contractWorld = Layer.effect(
  GroupsWorld,
  Effect.map(EmbeddedWorld, ({ world }) => world)
).pipe(Layer.provide(EmbeddedWorld.layer))

const inWorld = <A, E>(test: Effect.Effect<A, E, EmbeddedWorld>) => Effect.provide(test, EmbeddedWorld.layer)

/** The write, again and again while the group elects, for 5 s. */
const soon = (write: Effect.Effect<void, WriteFailed>) =>
  Effect.retry(write, { schedule: Schedule.spaced("20 millis"), times: 250 })

describe("the contract of ConsensusGroups, kept by the embedded group", () => {
  for (const { name, run } of applicable) {
    it.live(name, () => run.pipe(Effect.provide(contractWorld)))
  }

  it("is left out in one case only", () => {
    assert.lengthOf(applicable, consensusGroupsContract.length - 1)
  })
})

describe("writes to the embedded group", () => {
  it.live("reach every replica, whoever they go through", () =>
    inWorld(
      Effect.gen(function* () {
        const { group } = yield* EmbeddedWorld
        for (const id of ["a", "b", "d"]) {
          yield* soon(group(id).write(`through ${id}`))
          const states = yield* Effect.forEach(["a", "b", "c", "d"], (replica) => group(replica).state).pipe(
            Effect.repeat({
              schedule: Schedule.spaced("10 millis"),
              until: (found) => found.every(({ value }) => value === `through ${id}`)
            })
          )
          assert.lengthOf(states, 4)
        }
      })
    )
  )

  it.live("go on through another leader after the leader died", () =>
    inWorld(
      Effect.gen(function* () {
        const { group, world } = yield* EmbeddedWorld
        yield* soon(group("b").write("before"))
        yield* world.kill("a")
        yield* soon(group("b").write("after"))
        assert.notStrictEqual((yield* group("b").state).leader, "a")
      })
    )
  )

  it.live("fail with the reason when no majority is left", () =>
    inWorld(
      Effect.gen(function* () {
        const { group, world } = yield* EmbeddedWorld
        yield* soon(group("b").write("before"))
        yield* world.kill("a")
        yield* world.kill("c")
        const { reason } = yield* Effect.flip(group("b").write("after"))
        assert.include(["NoAnswer", "NoLeader"], reason)
      })
    )
  )

  it.live("are refused when followers could not read them, at the leader and elsewhere", () =>
    inWorld(
      Effect.gen(function* () {
        const { group } = yield* EmbeddedWorld
        yield* soon(group("b").write("before"))
        for (const id of ["a", "b"]) {
          const failure = yield* Effect.flip(group(id).write("x".repeat(257)))
          assert.strictEqual(failure.reason, "BadValue")
          assert.include(failure.message, "at most 256 characters")
        }
        yield* group("b").write("x".repeat(256))
      })
    )
  )
})
