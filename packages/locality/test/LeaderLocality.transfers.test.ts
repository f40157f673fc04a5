import { InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"

import { LeaderLocality } from "../src/index.ts"
import { agent, evaluate, outcomeOf, reasonOf } from "./support/agent.ts"
import { fiveNodes, startFleet } from "./support/fleet.ts"

const five = ["far", "n1", "n2", "n3", "n4"]
const brisk = { interval: Duration.seconds(30) }
const leaderOf = Effect.flatMap(InMemoryGroups, (world) =>
  Effect.map(world.leadership("db"), ({ leader }) => leader)
)
const inWorld = <A, E>(
  use: Effect.Effect<A, E, InMemoryGroups | Scope.Scope>,
  world: InMemoryGroupsOptions
) => use.pipe(Effect.scoped, Effect.provide(InMemoryGroups.layer(world)))

describe("engines that cannot name a target", () => {
  const world = { ...fiveNodes, untargeted: true }

  it.effect("are left alone unless that is allowed", () =>
    inWorld(
      Effect.gen(function* () {
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(yield* leaderOf, "far")
        const { summary } = yield* fleet.at("far").explain("db")
        assert.strictEqual(
          summary,
          "would gain 236 ms per write at n1; blocked: this engine cannot hand over to a target of choice"
        )
      }),
      world
    )
  )

  it.effect("let go once when it is allowed, and a good enough leader ends it", () =>
    inWorld(
      Effect.gen(function* () {
        const groups = yield* InMemoryGroups
        const fleet = yield* startFleet(five, { ...brisk, allowUntargeted: true })
        yield* groups.script("db", { _tag: "Elsewhere", leader: "n3" })
        yield* TestClock.adjust("30 minutes")
        const [roll, ...others] = yield* fleet.transfers
        assert.deepStrictEqual(others, [])
        assert.deepInclude(roll?.action, {
          target: "n1",
          untargeted: true,
          outcome: { _tag: "movedElsewhere", leader: "n3", term: 2 }
        })
        assert.strictEqual(yield* leaderOf, "n3")
      }),
      world
    )
  )

  it.effect("are rolled three times at most when luck is bad, whoever led meanwhile", () =>
    inWorld(
      Effect.gen(function* () {
        const groups = yield* InMemoryGroups
        // The average of the others gains much; the engine chooses the two far ones by turns all the same.
        const fleet = yield* startFleet(["far", "away", "n1", "n2", "n3"], {
          ...brisk,
          allowUntargeted: true,
          attemptsPerDay: 32
        })
        for (let roll = 0; roll < 6; roll++) {
          yield* groups.script("db", { _tag: "Elsewhere", leader: roll % 2 === 0 ? "away" : "far" })
        }
        yield* TestClock.adjust("1 hours")
        assert.strictEqual((yield* fleet.transfers).length, 3)
        assert.strictEqual(yield* leaderOf, "away")
        const latest = (yield* fleet.at("away").latest).get("db")
        assert.deepInclude(latest && reasonOf(latest), { _tag: "frozen", cause: "budget" })
      }),
      {
        groups: { db: { leader: "far", voters: ["far", "away", "n1", "n2", "n3"] } },
        rtt: (from, to) =>
          [from, to].some((end) => end === "far" || end === "away") ? "256 millis" : "20 millis",
        untargeted: true
      }
    )
  )
})

describe("the price of a transfer", () => {
  it.effect("a transfer that costs more than an hour's gain freezes the group, at the new leader too", () =>
    inWorld(
      Effect.gen(function* () {
        const groups = yield* InMemoryGroups
        const fleet = yield* startFleet(five, brisk)
        yield* TestClock.adjust("6 minutes")
        const [dear] = yield* fleet.transfers
        assert.deepInclude(dear && outcomeOf(dear), { _tag: "moved" })
        const { action } = dear ?? {}
        assert.closeTo(
          action?._tag === "Transfer" ? (action.paybackMillis ?? 0) : 0,
          50_000 ** 2 / (2 * 236),
          1
        )
        // What would be worth another transfer is not made.
        for (const id of ["n2", "n3", "n4"]) yield* groups.setRtt("n1", id, "200 millis")
        yield* TestClock.adjust("30 minutes")
        assert.strictEqual(yield* leaderOf, "n1")
        const { summary } = yield* fleet.at("n1").explain("db")
        assert.include(
          summary,
          "blocked: frozen, the last transfer cost more than it could win back, 24 h left"
        )
        yield* fleet.at("n1").forgetAttempts("db")
        yield* fleet.at("far").forgetAttempts("db")
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(yield* leaderOf, "n2")
      }),
      { ...fiveNodes, transferDuration: "50 seconds" }
    )
  )

  it.effect("with more patience the same price is no obstacle", () =>
    inWorld(
      Effect.gen(function* () {
        const groups = yield* InMemoryGroups
        yield* startFleet(five, { ...brisk, payback: Duration.hours(2) })
        yield* TestClock.adjust("6 minutes")
        for (const id of ["n2", "n3", "n4"]) yield* groups.setRtt("n1", id, "200 millis")
        yield* TestClock.adjust("20 minutes")
        assert.strictEqual(yield* leaderOf, "n2")
      }),
      { ...fiveNodes, transferDuration: "50 seconds" }
    )
  )
})

const groupRtt = (from: string, to: string): Duration.Input => {
  // The voters of group i, but for its leader "far", are 10 ms apart; far is 100 + 10 i away from them.
  const other = from === "far" ? to : from
  return from === "far" || to === "far" ? `${100 + 10 * Number(other.at(1))} millis` : "10 millis"
}

it.effect("of many groups the ones that gain most move first, six in a minute", () => {
  const names = Array.from({ length: 9 }, (_, index) => `g${index}`)
  return Effect.gen(function* () {
    const locality = yield* LeaderLocality
    const world = yield* InMemoryGroups
    const decisions = yield* evaluate
    assert.deepStrictEqual(
      decisions.map(({ group }) => group),
      names
    )
    assert.deepStrictEqual(
      (yield* world.transfers).map(({ group }) => group),
      ["g8", "g7", "g6", "g5", "g4", "g3"]
    )
    const waiting = decisions.map(reasonOf).filter((reason) => reason?._tag === "cooldown")
    assert.strictEqual(waiting.length, 3)
    assert.deepInclude(waiting[0], { gainMillis: 90, remainingMillis: 60_000 })
    assert.include(
      (yield* locality.explain("g0")).summary,
      "would gain 90 ms per write at v0a; blocked: cooldown, 60 s"
    )
    yield* TestClock.adjust("60 seconds")
    yield* evaluate
    assert.strictEqual((yield* world.transfers).length, 9)
  }).pipe(
    Effect.provide(
      agent({
        world: {
          groups: Object.fromEntries(
            names.map((name, index) => [
              name,
              { leader: "far", voters: ["far", ...["a", "b", "c", "d"].map((end) => `v${index}${end}`)] }
            ])
          ),
          rtt: groupRtt
        },
        exchange: {
          publish: () => Effect.void,
          heard: Effect.sync(() => [
            {
              agent: "x",
              draining: new Set<string>(),
              attempts: [],
              wanted: [],
              rows: new Map(
                names.flatMap((_, index) =>
                  ["a", "b", "c", "d"].map(
                    (from) =>
                      [
                        `v${index}${from}.memory:0`,
                        new Map(
                          ["a", "b", "c", "d"]
                            .filter((to) => to !== from)
                            .map((to) => [
                              `v${index}${to}.memory:0`,
                              {
                                p50Millis: 10,
                                p90Millis: 10,
                                iqrMillis: 0,
                                rounds: 8,
                                loss: 0,
                                measuredAtMillis: 0,
                                probedAtMillis: 0
                              }
                            ])
                        )
                      ] as const
                  )
                )
              )
            }
          ])
        },
        options: {
          policy: "quorumLatency",
          minRounds: 1,
          persistence: Duration.zero,
          persistenceRounds: 1,
          settle: Duration.zero
        }
      })
    )
  )
})
