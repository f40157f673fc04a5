import { InMemoryGroups } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"

import { GroupPlanReport, LeaderLocality } from "../src/index.ts"
import { agent, evaluateOne } from "./support/agent.ts"
import { fiveNodes, startFleet } from "./support/fleet.ts"

const five = ["far", "n1", "n2", "n3", "n4"]

const watching = Effect.gen(function* () {
  const fleet = yield* startFleet(five, { interval: Duration.seconds(30), mode: "advise" })
  yield* TestClock.adjust("10 minutes")
  return fleet.at("far")
})

describe("LeaderLocality explains and plans", () => {
  it.effect("why a group stays: the rule, and how long it will hold", () =>
    Effect.gen(function* () {
      const fleet = yield* startFleet(five, { interval: Duration.seconds(30), settle: Duration.minutes(10) })
      yield* TestClock.adjust("2 minutes")
      const settling = yield* fleet.at("far").explain("db")
      assert.strictEqual(settling.summary, "would gain 236 ms per write at n1; blocked: settling, 9 min left")
      yield* TestClock.adjust("10 seconds")
      const later = yield* fleet.at("far").explain("db")
      assert.strictEqual(later.decidedAgoMillis, settling.decidedAgoMillis + 10_000)
      assert.deepStrictEqual([later.best, later.gainMillis, later.neededMillis], ["n1", 236, 12.8])
      assert.deepStrictEqual(
        later.voters.map(({ id, rttMillis, scoreMillis }) => [id, rttMillis, scoreMillis]),
        five.map((id) => [id, id === "far" ? undefined : 256, id === "far" ? 256 : 20])
      )
      const elsewhere = yield* fleet.at("n2").explain("db")
      assert.strictEqual(elsewhere.summary, "stays at far: the agent beside far decides")
      const unknown = yield* Effect.flip(fleet.at("far").explain("dbx"))
      assert.strictEqual(unknown.message, "no decision about group dbx yet; there are some about: db")
    }).pipe(Effect.scoped, Effect.provide(InMemoryGroups.layer(fiveNodes)))
  )

  it.effect("nearestPeer is explained from its row, and plans nothing", () =>
    Effect.gen(function* () {
      const locality = yield* LeaderLocality
      const nobody = yield* Effect.flip(locality.explain("db"))
      assert.deepStrictEqual(nobody.known, [])
      yield* evaluateOne
      const { best, summary, voters } = yield* locality.explain("db")
      assert.strictEqual(summary, "would gain 256 ms per write at n1; blocked: the mode is advise")
      assert.isUndefined(best)
      assert.deepStrictEqual(voters, [
        { id: "n1", rttMillis: 256 },
        { id: "n2", rttMillis: 256 }
      ])
      assert.deepStrictEqual(yield* locality.plan(["n1 down"]), [])
    }).pipe(Effect.provide(agent({ options: { mode: "advise" } })))
  )

  it.effect("what if: several assumptions at once, with names and zones from outside", () =>
    Effect.gen(function* () {
      const locality = yield* watching
      const nodes = [
        { name: "berlin", zone: "eu", replicas: ["n1"] },
        { name: "paris", zone: "eu", replicas: ["n2"] }
      ]
      const [report, ...others] = yield* locality.plan(["n3 down", "zone eu +300ms"], nodes)
      assert.deepStrictEqual(others, [])
      assert.deepInclude(report?.before, {
        leader: "far",
        leaderMillis: 256,
        best: "n1",
        bestMillis: 20,
        target: "n1"
      })
      // n1-n2 stay near each other, everybody else needs one link into the zone.
      assert.deepInclude(report?.after, {
        leader: "far",
        leaderMillis: 556,
        best: "n4",
        bestMillis: 320,
        quorumLost: false
      })
      assert.deepInclude((yield* locality.plan(["zone eu down"], nodes))[0]?.after, { reason: "noSpare" })
      assert.isTrue((yield* locality.plan(["zone eu down", "n3 down"], nodes))[0]?.after.quorumLost)
      const codec = Schema.fromJsonString(Schema.Array(GroupPlanReport))
      const decoded = yield* Schema.decodeEffect(codec)(
        yield* Schema.encodeEffect(codec)([...others, report].filter((one) => one !== undefined))
      )
      assert.deepStrictEqual(decoded, [JSON.parse(JSON.stringify(report))])
    }).pipe(Effect.scoped, Effect.provide(InMemoryGroups.layer(fiveNodes)))
  )

  it.effect("an assumption that cannot be read says where it is wrong, and what would be right", () =>
    Effect.gen(function* () {
      const locality = yield* watching
      const wrong = yield* Effect.flip(locality.plan(["n1 down", "n3-n9 120ms"]))
      assert.deepInclude(wrong, { text: "n3-n9 120ms", part: "n9", at: 3 })
      assert.include(wrong.message, 'n3-n9 120ms": "n9" at 3 is not right; expected a node')
      assert.include(wrong.message, "nodes: far, n1, n2, n3, n4")
    }).pipe(Effect.scoped, Effect.provide(InMemoryGroups.layer(fiveNodes)))
  )
})
