import { InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"

import type { LinkEstimate } from "../src/core/linkRounds.ts"
import {
  Decision,
  type HeardReport,
  type LocalityOptionsInput,
  quorumLatency,
  type RowReport,
  unguarded
} from "../src/index.ts"
import { agent, evaluateOne, metric, outcomeOf, reasonOf } from "./support/agent.ts"
import { type Fleet, fiveNodes, startFleet } from "./support/fleet.ts"
import { eager } from "./support/quorumViews.ts"

const five = ["far", "n1", "n2", "n3", "n4"]
const brisk: LocalityOptionsInput = { interval: Duration.seconds(30) }

const neighbour: LinkEstimate = {
  p50Millis: 20,
  p90Millis: 20,
  iqrMillis: 0,
  rounds: 8,
  loss: 0,
  measuredAtMillis: 0,
  probedAtMillis: 0
}

const latestReason = (fleet: Fleet, node: string) =>
  Effect.map(fleet.at(node).latest, (latest) => {
    const decision = latest.get("db")
    return decision && reasonOf(decision)
  })

const leaderOf = Effect.flatMap(InMemoryGroups, (world) =>
  Effect.map(world.leadership("db"), ({ leader }) => leader)
)

const inWorld = <A, E>(
  use: Effect.Effect<A, E, InMemoryGroups | Scope.Scope>,
  world: InMemoryGroupsOptions = fiveNodes
) => use.pipe(Effect.scoped, Effect.provide(InMemoryGroups.layer(world)))

describe("LeaderLocality with quorumLatency: agents that share their rows", () => {
  it.effect("a lone far leader hands over once it is sure, exactly once in two hours", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five)
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual((yield* latestReason(fleet, "far"))?._tag, "insufficientData", "one pass so far")
        yield* TestClock.adjust("220 seconds")
        assert.strictEqual((yield* latestReason(fleet, "far"))?._tag, "notPersistent", "two looks so far")
        assert.strictEqual(yield* leaderOf, "far")
        yield* TestClock.adjust("80 seconds")
        assert.strictEqual(yield* leaderOf, "n1")
        yield* TestClock.adjust("2 hours")
        const transfers = yield* fleet.transfers
        assert.deepStrictEqual(
          transfers.map((one) => [
            one.self,
            outcomeOf(one)?._tag,
            one.action._tag === "Transfer" && one.action.gainMillis
          ]),
          [["far", "moved", 236]]
        )
        assert.deepStrictEqual(transfers[0]?.scores, { far: 256, n1: 20, n2: 20, n3: 20, n4: 20 })
        assert.deepInclude(yield* latestReason(fleet, "n1"), {
          _tag: "gainTooSmall",
          best: "n1",
          gainMillis: 0
        })
        assert.deepStrictEqual(yield* latestReason(fleet, "n2"), { _tag: "notLeader", leader: "n1" })
      })
    )
  )

  it.effect("without an exchange it says which links it lacks, and moves nothing", () =>
    Effect.gen(function* () {
      for (let pass = 0; pass < 5; pass++) yield* evaluateOne
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), {
        _tag: "insufficientData",
        links: [{ from: "n1", to: "n2", noAgent: true }]
      })
    }).pipe(
      Effect.provide(
        agent({
          options: { policy: "quorumLatency" }
        })
      )
    )
  )

  it.effect("it asks the agents at their ends for the links it lacks, for as long as it lacks them", () => {
    const told: Array<RowReport> = []
    // n1 has measured its way to far, and not yet the one to n2.
    const row = new Map([["far.memory:0", neighbour]])
    const heard: HeardReport = {
      agent: "n1",
      rows: new Map([["n1.memory:0", row]]),
      draining: new Set(),
      attempts: [],
      wanted: []
    }
    return Effect.gen(function* () {
      assert.deepInclude(reasonOf(yield* evaluateOne), { links: [{ from: "n1", to: "n2" }] })
      assert.deepStrictEqual(told.at(-1)?.wanted, [
        { from: "n1.memory:0", to: "n2.memory:0", askedAtMillis: 0 }
      ])
      row.set("n2.memory:0", neighbour)
      yield* evaluateOne
      assert.deepStrictEqual(told.at(-1)?.wanted, [])
    }).pipe(
      Effect.provide(
        agent({
          options: { policy: "quorumLatency", minRounds: 1 },
          exchange: {
            publish: (report) => Effect.sync(() => void told.push(report)),
            heard: Effect.succeed([heard])
          }
        })
      )
    )
  })

  it.effect(
    "the regret of a badly placed leader is a metric; another agent's claim is enough to know it",
    () =>
      Effect.gen(function* () {
        const decision = yield* evaluateOne
        assert.deepStrictEqual(decision.scores, { far: 256, n1: 20, n2: 20 })
        assert.closeTo((yield* metric("locality_regret_seconds")) ?? 0, 0.236, 1e-9)
      }).pipe(
        Effect.provide(
          agent({
            options: { policy: "quorumLatency", minRounds: 1 },
            exchange: {
              publish: () => Effect.void,
              heard: Effect.succeed([
                {
                  agent: "n1",
                  rows: new Map([["n1.memory:0", new Map([["n2.memory:0", neighbour]])]]),
                  draining: new Set<string>(),
                  attempts: [],
                  wanted: []
                }
              ])
            }
          })
        )
      )
  )

  it.effect("one agent that is away costs nothing: its links are known from the other ends", () =>
    inWorld(
      Effect.gen(function* () {
        yield* startFleet(["far", "n1", "n2", "n3"], brisk)
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(yield* leaderOf, "n1")
      })
    )
  )

  it.effect("a restart of all agents moves nothing, and the attempts are remembered by those that stay", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("10 minutes")
        yield* Effect.forEach(five, fleet.restart)
        yield* TestClock.adjust("1 hours")
        assert.strictEqual((yield* fleet.transfers).length, 1)
        assert.strictEqual(yield* leaderOf, "n1")
      })
    )
  )

  it.effect("the new leader's agent inherits the cooldown", () =>
    inWorld(
      Effect.gen(function* () {
        const world = yield* InMemoryGroups
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("3 minutes")
        assert.strictEqual(yield* leaderOf, "n1", "far has just attempted")
        // The near nodes move away: now far would be the worse, but n2 the better leader than n1.
        for (const id of ["n2", "n3", "n4"]) yield* world.setRtt("n1", id, "200 millis")
        yield* TestClock.adjust("6 minutes")
        assert.deepInclude(yield* latestReason(fleet, "n1"), { _tag: "cooldown", target: "n2" })
        yield* TestClock.adjust("8 minutes")
        assert.strictEqual(yield* leaderOf, "n2")
      })
    )
  )

  it.effect("what the leader's agent sees can be asked what would be if", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, { ...brisk, mode: "advise" })
        yield* TestClock.adjust("10 minutes")
        const view = (yield* fleet.at("far").views).get("db")
        assert.isDefined(view)
        const ifGone = view.voters.map((voter) => ({ ...voter, alive: voter.id !== "n1" }))
        const [, verdict] = quorumLatency(unguarded, { ...view, voters: ifGone }, eager)
        assert.deepInclude(verdict, { _tag: "Transfer", target: "n2", gainMillis: 236 })
        assert.deepStrictEqual([...(yield* fleet.at("n2").views).keys()], [])
        const { rows } = yield* fleet.at("n2").matrix
        assert.strictEqual(rows.get("n3.memory:0")?.get("far.memory:0")?.p50Millis, 256)
      })
    )
  )

  it.effect("a voter that dies and comes back causes no move and no return", () =>
    inWorld(
      Effect.gen(function* () {
        const world = yield* InMemoryGroups
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("20 minutes")
        yield* world.kill("n3")
        yield* TestClock.adjust("20 minutes")
        assert.deepInclude(yield* latestReason(fleet, "n1"), { _tag: "gainTooSmall" })
        yield* world.kill("n4")
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(yield* latestReason(fleet, "n1"), { _tag: "noSpare", alive: 3, needed: 4 })
        yield* world.resume("n3")
        yield* world.resume("n4")
        yield* TestClock.adjust("1 hours")
        assert.strictEqual((yield* fleet.transfers).length, 1)
      })
    )
  )

  it.effect("a hung target is never chosen, and one that fails is left alone", () =>
    inWorld(
      Effect.gen(function* () {
        const world = yield* InMemoryGroups
        const fleet = yield* startFleet(five, brisk)
        yield* world.script("db", { _tag: "Unchanged" })
        yield* world.hang("n1")
        yield* TestClock.adjust("30 minutes")
        const [firstTry, secondTry, ...others] = yield* fleet.transfers
        assert.deepStrictEqual(others, [])
        assert.deepInclude(firstTry?.action, { target: "n2", outcome: { _tag: "unchanged" } })
        assert.deepInclude(secondTry?.action, { outcome: { _tag: "moved", term: 3 } })
        assert.notStrictEqual(secondTry?.action._tag === "Transfer" && secondTry.action.target, "n1")
      })
    )
  )

  it.effect("draining: leadership leaves at once and nobody gives it back", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("20 minutes")
        yield* fleet.at("n1").setStance("draining")
        yield* fleet.at("n2").setStance("draining")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* leaderOf, "n3")
        yield* fleet.at("n3").setStance("draining")
        yield* fleet.at("n4").setStance("draining")
        yield* TestClock.adjust("1 minutes")
        assert.strictEqual(yield* leaderOf, "far")
        yield* TestClock.adjust("30 minutes")
        assert.strictEqual((yield* latestReason(fleet, "far"))?._tag, "noTarget")
      })
    )
  )

  it.effect("paused: nothing moves until it is normal again", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, brisk)
        yield* fleet.at("far").setStance("paused")
        yield* TestClock.adjust("1 hours")
        assert.deepStrictEqual(yield* latestReason(fleet, "far"), { _tag: "paused" })
        yield* fleet.at("far").setStance("normal")
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* leaderOf, "n1")
      })
    )
  )

  it.effect("frozen after too many attempts, until an operator forgets them", () =>
    inWorld(
      Effect.gen(function* () {
        const world = yield* InMemoryGroups
        const fleet = yield* startFleet(five, { ...brisk, attemptsPerDay: 1 })
        yield* TestClock.adjust("20 minutes")
        yield* world.elect("db", "far")
        yield* TestClock.adjust("1 hours")
        assert.deepInclude(yield* latestReason(fleet, "far"), { _tag: "frozen", target: "n1" })
        yield* fleet.at("far").forgetAttempts("db")
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* leaderOf, "n1")
      })
    )
  )

  it.effect("impatient options make it move at the first look that knows enough", () =>
    inWorld(
      Effect.gen(function* () {
        yield* startFleet(five, {
          interval: Duration.seconds(2),
          minRounds: 1,
          persistenceRounds: 1,
          persistence: Duration.zero,
          settle: Duration.zero
        })
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* leaderOf, "n1")
      })
    )
  )

  it.effect("advised: only says so; its decisions pass through JSON unchanged", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, { ...brisk, mode: "advise" })
        yield* TestClock.adjust("20 minutes")
        assert.deepStrictEqual(yield* latestReason(fleet, "far"), {
          _tag: "advised",
          target: "n1",
          gainMillis: 236
        })
        const codec = Schema.fromJsonString(Decision)
        for (const decision of yield* fleet.at("far").recent) {
          const text = yield* Schema.encodeEffect(codec)(decision)
          assert.deepStrictEqual(
            yield* Schema.decodeEffect(codec)(text),
            JSON.parse(JSON.stringify(decision))
          )
        }
      })
    )
  )

  it.effect("staticPreference moves to the first of its list", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, { ...brisk, policy: "staticPreference", preference: ["n4"] })
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* leaderOf, "n4")
        assert.deepStrictEqual(yield* latestReason(fleet, "n4"), { _tag: "preferred" })
      })
    )
  )

  it.effect("groups on the same nodes share their probes", () =>
    inWorld(
      Effect.gen(function* () {
        let probes = 0
        const measured = agent({
          options: { policy: "quorumLatency" },
          world: {
            groups: Object.fromEntries(
              Array.from({ length: 20 }, (_, index) => [
                `g${index}`,
                { leader: "n1", voters: ["far", "n1", "n2"] }
              ])
            )
          },
          node: "n1",
          probe: {
            measure: () =>
              Effect.sync(() => {
                probes += 1
                return Duration.millis(20)
              })
          }
        })
        yield* Effect.provide(TestClock.adjust("90 seconds"), measured)
        assert.strictEqual(probes, 2)
      })
    )
  )
})
