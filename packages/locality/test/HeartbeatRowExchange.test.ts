import { HeartbeatMembership, type HeartbeatRider, Heartbeats } from "@coterie/membership"
import { makeMemoryNetwork, makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Metric, type Schema, Scope } from "effect"
import { TestClock } from "effect/testing"

import type { LinkEstimate } from "../src/core/linkRounds.ts"
import { HeartbeatRowExchange, RowExchange, type RowReport } from "../src/index.ts"
import { metric } from "./support/agent.ts"
import { swimMember } from "./support/swimMembers.ts"

const nodes = ["a", "b"]

const heartbeatsOf = (self: string, network: Effect.Success<typeof makeMemoryNetwork>) =>
  HeartbeatMembership.layer({ cluster: "test", self, peers: nodes.map((id) => ({ id, address: id })) }).pipe(
    Layer.provide(network.layer(self))
  )

const start = (self: string, network: Effect.Success<typeof makeMemoryNetwork>) =>
  Effect.map(
    Layer.build(HeartbeatRowExchange.layer.pipe(Layer.provide(heartbeatsOf(self, network)), Layer.orDie)),
    (services) => Context.get(services, RowExchange)
  )

const link = (p50Millis: number, measuredAtMillis: number): LinkEstimate => ({
  p50Millis,
  p90Millis: p50Millis + 1,
  iqrMillis: 0.5,
  rounds: 8,
  loss: 0.25,
  measuredAtMillis,
  probedAtMillis: measuredAtMillis
})

const report = (links: number, p50Millis = 20): RowReport => ({
  rows: new Map([
    ["pa", new Map(Array.from({ length: links }, (_, index) => [`p${index}`, link(p50Millis, 0)]))]
  ]),
  draining: new Set(),
  attempts: [],
  wanted: []
})

const registry = Layer.succeed(Metric.MetricRegistry, new Map())

describe("HeartbeatRowExchange", () => {
  it.effect("a report arrives with the next beat, in the times of the receiver", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const [a, b] = [yield* start("a", network), yield* start("b", network)]
      yield* TestClock.adjust("10 seconds")
      yield* a.publish({
        ...report(1),
        draining: new Set(["pa"]),
        attempts: [{ group: "db", from: "x", to: "y", term: 3, atMillis: 4000, voluntary: true }]
      })
      yield* TestClock.adjust("5 seconds")
      const [heard] = yield* b.heard
      assert.strictEqual(heard?.agent, "a")
      assert.deepStrictEqual(heard?.rows.get("pa")?.get("p0"), link(20, 0))
      assert.deepStrictEqual([...(heard?.draining ?? [])], ["pa"])
      assert.deepStrictEqual(heard?.attempts, [
        { group: "db", from: "x", to: "y", term: 3, atMillis: 4000, voluntary: true }
      ])
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.effect("links that are wanted arrive with the time of asking, 64 at most", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const [a, b] = [yield* start("a", network), yield* start("b", network)]
      yield* TestClock.adjust("10 seconds")
      const wanted = Array.from({ length: 65 }, (_, index) => ({
        from: "px",
        to: `p${index}`,
        askedAtMillis: 4000
      }))
      yield* a.publish({ ...report(1), wanted })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual((yield* b.heard)[0]?.wanted, wanted.slice(0, 64))
      yield* a.publish(report(1))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual((yield* b.heard)[0]?.wanted, [])
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.effect("a long report travels in parts, and replaces the one before it as a whole", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const [a, b] = [yield* start("a", network), yield* start("b", network)]
      yield* a.publish(report(1000, 20))
      yield* TestClock.adjust("20 seconds")
      yield* a.publish(report(1000, 30))
      for (let second = 0; second < 20; second++) {
        yield* TestClock.adjust("1 seconds")
        const [heard] = yield* b.heard
        const values = new Set([...(heard?.rows.get("pa")?.values() ?? [])].map(({ p50Millis }) => p50Millis))
        assert.strictEqual(values.size, 1)
        assert.strictEqual(heard?.rows.get("pa")?.size, 1000)
      }
      const [last] = yield* b.heard
      assert.strictEqual(last?.rows.get("pa")?.get("p999")?.p50Millis, 30)
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.effect("both ends may restart: the peer is told anew, and a new run is believed", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const run = yield* Scope.make()
      const first = yield* Scope.provide(start("a", network), run)
      const b = yield* start("b", network)
      for (let seq = 0; seq < 5; seq++) yield* first.publish(report(1, seq))
      yield* TestClock.adjust("5 seconds")
      yield* Scope.close(run, Exit.void)
      const second = yield* start("a", network)
      yield* second.publish(report(1, 77))
      yield* TestClock.adjust("5 seconds")
      const [heard] = yield* b.heard
      assert.strictEqual(heard?.rows.get("pa")?.get("p0")?.p50Millis, 77)
    }).pipe(Effect.scoped, Effect.provide(registry))
  )

  it.effect("nonsense is counted and changes nothing", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const b = yield* start("b", network)
      const services = yield* Layer.build(Layer.orDie(heartbeatsOf("a", network)))
      const nonsense: ReadonlyArray<Schema.Json> = [
        42,
        { format: 2, epoch: 1, seq: 1, total: 1 },
        { format: 1, epoch: 1, seq: 1, total: 100_000 },
        {
          format: 1,
          epoch: 1,
          seq: 1,
          total: 1,
          part: {
            index: 0,
            body: {
              draining: false,
              attempts: [],
              links: [{ from: "a", to: "b", p50: -1, p90: 1, iqr: 0, n: 8, loss: 0, age: 0, probed: 0 }]
            }
          }
        }
      ]
      let sent = 0
      yield* Context.get(services, Heartbeats).ride({
        name: "locality.rows",
        request: () => Effect.sync(() => nonsense[sent++ % nonsense.length]),
        onTick: Effect.void,
        onBeat: () => Effect.succeed({ epoch: "x" }),
        onReply: () => Effect.void
      })
      yield* TestClock.adjust("8 seconds")
      assert.deepStrictEqual(yield* b.heard, [])
      assert.isAtLeast((yield* metric("locality_rows_refused_total", { reason: "unreadable" })) ?? 0, 8)
    }).pipe(Effect.scoped, Effect.provide(registry))
  )
})

describe("HeartbeatRowExchange over SWIM", () => {
  it.effect("brings long reports of voters and of other members to everybody", () =>
    Effect.gen(function* () {
      const network = yield* makeSwimMemoryNetwork
      const agents = []
      for (const self of ["a", "b", "c", "d"]) {
        const services = yield* Layer.build(
          HeartbeatRowExchange.layer.pipe(Layer.provide(swimMember(self, network)))
        )
        agents.push({ self, exchange: Context.get(services, RowExchange) })
        yield* pass(1)
      }
      yield* Effect.forEach(agents, ({ exchange }, index) => exchange.publish(report(500, index)))
      yield* pass(60)
      for (const { exchange, self } of agents) {
        const heard = (yield* exchange.heard).map(({ agent, rows }) => {
          const row = [...(rows.get("pa")?.values() ?? [])]
          return `${agent} ${row.length} ${row[0]?.p50Millis}`
        })
        const others = ["a 500 0", "b 500 1", "c 500 2", "d 500 3"].filter((text) => !text.startsWith(self))
        assert.deepStrictEqual(heard.toSorted(), others)
      }
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(registry, Logger.layer([]))))
  )

  it.effect("keeps the reports of 128 agents, those heard last", () =>
    Effect.gen(function* () {
      let rider: HeartbeatRider | undefined
      const heartbeats = Heartbeats.of({
        self: "a",
        configured: ["a"],
        intervalMillis: 1000,
        deadAfterMillis: 4000,
        ride: (got) => Effect.sync(() => void (rider = got))
      })
      const services = yield* Layer.build(
        Layer.provide(HeartbeatRowExchange.layer, Layer.succeed(Heartbeats, heartbeats))
      )
      const body = { draining: false, links: [], attempts: [] }
      for (let index = 0; index < 200; index++) {
        const message = { format: 1, epoch: 1, seq: 1, total: 1, part: { index: 0, body } }
        yield* rider?.onBeat(`n${index}`, message) ?? Effect.die("nobody rides")
      }
      const heard = yield* Context.get(services, RowExchange).heard
      assert.deepStrictEqual([heard.length, heard[0]?.agent, heard.at(-1)?.agent], [128, "n72", "n199"])
    }).pipe(Effect.scoped, Effect.provide(registry))
  )
})

/** Lets virtual time pass in small steps, as it does for processes that do not stand still. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds * 20 }), () => TestClock.adjust("50 millis"), { discard: true })
