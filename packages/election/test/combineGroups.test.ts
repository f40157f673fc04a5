import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

import { combineGroups } from "../src/combineGroups.ts"
import { abilitiesFor, ConsensusError, ConsensusGroups, Unavailable } from "../src/ConsensusGroups.ts"
import { InMemoryGroups } from "../src/InMemoryGroups.ts"
import { consensusGroupsContract, GroupsWorld } from "../src/testing/index.ts"
import { memoryWorld } from "./support/groupsWorlds.ts"
import { present } from "./support/present.ts"

type Groups = ConsensusGroups["Service"]

const at = (name: string, groups: ReadonlyArray<string>) =>
  InMemoryGroups.layer({
    groups: Object.fromEntries(groups.map((group) => [group, { leader: "a", voters: ["a", "b"] }])),
    rtt: () => (name === "main" ? 10 : 20)
  }).pipe(Layer.build, Effect.map(Context.get(InMemoryGroups)))

/** Two engines whose node is `a`: `main` has the groups x and y, `jobs` has x. */
const twoEngines = (change: (jobs: Groups) => Partial<Groups> = () => ({})) => {
  return Effect.gen(function* () {
    const main = yield* at("main", ["x", "y"])
    const jobs = yield* at("jobs", ["x"])
    const combined = combineGroups({
      main: Layer.succeed(ConsensusGroups, main.at("a")),
      jobs: Layer.succeed(ConsensusGroups, { ...jobs.at("a"), engine: "other", ...change(jobs.at("a")) })
    })
    return { main, jobs, groups: Context.get(yield* Layer.build(combined), ConsensusGroups) }
  })
}

const down = new ConsensusError({
  group: "*",
  operation: "list",
  reason: new Unavailable({ detail: "connection refused" })
})

const contractWorld = Layer.effect(
  GroupsWorld,
  Effect.gen(function* () {
    const world = yield* GroupsWorld
    const beside = new Map<string, Groups>()
    for (const replica of [...world.voters, present(world.nonVoter)]) {
      const combined = combineGroups({ main: Layer.succeed(ConsensusGroups, world.at(replica)) })
      beside.set(replica, Context.get(yield* Layer.build(combined), ConsensusGroups))
    }
    return { ...world, group: `main/${world.group}`, at: (replica) => present(beside.get(replica)) }
  })
).pipe(Layer.provide(memoryWorld))

describe.concurrent("ConsensusGroups of an engine among several", () => {
  for (const { name, run } of consensusGroupsContract) it.live(name, () => Effect.provide(run, contractWorld))
})

describe("combineGroups", () => {
  it.effect("lists the groups of all engines under their engine's name, and reaches each in its engine", () =>
    Effect.gen(function* () {
      const { groups, jobs, main } = yield* twoEngines()
      assert.strictEqual(groups.engine, "memory+other")
      assert.deepStrictEqual(yield* groups.list, ["main/x", "main/y", "jobs/x"])
      yield* jobs.elect("x", "b")
      assert.deepInclude(yield* groups.status("jobs/x"), { group: "jobs/x", leader: "b", term: 2 })
      assert.deepInclude(yield* groups.status("main/x"), { group: "main/x", leader: "a", term: 1 })
      assert.deepStrictEqual(yield* groups.transferLeadership("main/y", "b", { term: 1 }), {
        _tag: "Moved",
        leader: "b",
        term: 2
      })
      assert.lengthOf(yield* main.transfers, 1)
      assert.lengthOf(yield* jobs.transfers, 0)
    })
  )

  it.effect("an error names the group as it was asked for", () =>
    Effect.gen(function* () {
      const { groups } = yield* twoEngines()
      const messages = yield* Effect.forEach(["jobs/z", "nobody/x", "x"], (group) =>
        Effect.map(Effect.flip(groups.status(group)), ({ message }) => message)
      )
      assert.deepStrictEqual(messages, [
        "status of group jobs/z: no such group; known: jobs/x",
        "status of group nobody/x: no such group; known: main/x, main/y, jobs/x",
        "status of group x: no such group; known: main/x, main/y, jobs/x"
      ])
    })
  )

  it.effect("what an engine can do is known for each group, and together they can what each can", () =>
    Effect.gen(function* () {
      const { groups } = yield* twoEngines((jobs) => ({
        capabilities: { ...jobs.capabilities, targeted: false },
        stepDown: (group) => Effect.succeed({ _tag: "Unchanged", leader: group }),
        rttRows: (group) => Effect.succeed(new Map([[group, new Map()]]))
      }))
      assert.isFalse(groups.capabilities.targeted)
      assert.isTrue(abilitiesFor(groups, "main/x").capabilities.targeted)
      assert.isUndefined(abilitiesFor(groups, "main/x").stepDown)
      const { capabilities, rttRows, stepDown } = abilitiesFor(groups, "jobs/x")
      assert.isFalse(capabilities.targeted)
      assert.deepStrictEqual(yield* present(stepDown)("jobs/x"), { _tag: "Unchanged", leader: "x" })
      assert.deepStrictEqual([...(yield* present(rttRows)("jobs/x")).keys()], ["x"])
    })
  )

  it.effect("an engine that cannot list its groups shows as such, and the others stay", () =>
    Effect.gen(function* () {
      const { groups } = yield* twoEngines(() => ({ list: Effect.fail(down) }))
      assert.deepStrictEqual(yield* groups.list, ["main/x", "main/y", "jobs/*"])
      const error = yield* Effect.flip(groups.status("jobs/*"))
      assert.strictEqual(
        error.message,
        "status of group jobs/*: the engine is unavailable: connection refused"
      )
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(groups.status("main/x"))))
    })
  )

  it.effect(
    "while it does not list, its groups stay listed and fail at once; after a rest they are tried again",
    () => {
      let works = true
      let readings = 0
      return Effect.gen(function* () {
        const { groups } = yield* twoEngines((jobs) => ({
          list: Effect.suspend(() => (works ? jobs.list : Effect.never)),
          status: (group) => Effect.suspend(() => (readings++, jobs.status(group)))
        }))
        yield* groups.list
        works = false
        const listing = yield* Effect.forkChild(groups.list)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(yield* Fiber.join(listing), ["main/x", "main/y", "jobs/x", "jobs/*"])
        for (const group of ["jobs/x", "jobs/*"]) {
          assert.strictEqual((yield* Effect.flip(groups.status(group))).reason._tag, "TimedOut")
        }
        assert.strictEqual(readings, 0)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* groups.status("jobs/x")).leader, "a")
        works = true
        assert.deepStrictEqual(yield* groups.list, ["main/x", "main/y", "jobs/x"])
      })
    }
  )

  it.effect("a name with a slash is a defect that says so", () =>
    Effect.gen(function* () {
      const layer = combineGroups({ "a/b": Layer.effect(ConsensusGroups, Effect.never) })
      const exit = yield* Effect.exit(Layer.build(layer))
      assert.include(String(exit), 'engine "a/b": expected a name without a slash')
    }).pipe(Effect.scoped)
  )
})
