import { layerRqlite } from "@coterie/election/engine/rqlite"
import { HeartbeatMembership } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { type RqliteNode, requireEngine, startRqliteCluster } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Schedule } from "effect"

import { HeartbeatRowExchange, LeaderLocality, type LocalityOptionsInput, RttProbe } from "../src/index.ts"
import { outcomeOf, reasonOf } from "./support/agent.ts"

/** Distances that loopback does not have: node 1 is far from the other two, which are neighbours. */
const matrix = { "1": { "2": 256, "3": 256 }, "2": { "3": 20 } }

/** How an agent hears the rows of the others; nothing by default. */
type Exchange = (node: RqliteNode) => Layer.Layer<never>

/** The agent beside one node, and the requests that its driver sent. */
const startAgent = Effect.fnUntraced(function* (
  node: RqliteNode,
  options: LocalityOptionsInput,
  exchange: Layer.Layer<never>
) {
  const requests: Array<string> = []
  const engine = layerRqlite(
    { groups: [{ name: "db", url: node.url }] },
    { onRequest: (method, path) => void requests.push(`${method} ${path}`) }
  )
  const services = yield* Layer.build(
    LeaderLocality.layer({ mode: "act", policy: "nearestPeer", ...options }).pipe(
      Layer.provide([RttProbe.layerMemory(node.id, matrix), engine, exchange])
    )
  )
  return { locality: Context.get(services, LeaderLocality), requests }
})

const evaluateDb = Effect.fnUntraced(function* (locality: LeaderLocality["Service"]) {
  const [decision] = yield* locality.evaluateNow
  return decision ?? (yield* Effect.die("no decision about the group"))
})

const startThree = Effect.fnUntraced(function* (
  options: LocalityOptionsInput,
  exchange: Exchange = () => Layer.empty
) {
  const { nodes } = yield* startRqliteCluster({ voters: 3 })
  const agents = yield* Effect.forEach(nodes, (node) => startAgent(node, options, exchange(node)))
  const [first, second, third] = agents
  const [, hung] = nodes
  if (first === undefined || second === undefined || third === undefined || hung === undefined) {
    return yield* Effect.die("three nodes were asked for")
  }
  return { agents, first, second, third, hung }
})

describe.skipIf(!requireEngine("rqlite", "LeaderLocality").available)("LeaderLocality over rqlite", () => {
  it.live("the far leader hands over once every voter answers, and the new leader stays", () =>
    Effect.gen(function* () {
      const { agents, first, second, third, hung } = yield* startThree({})

      yield* hung.pause()
      const blocked = reasonOf(yield* evaluateDb(first.locality))
      assert.deepStrictEqual(blocked?._tag === "voterUnreachable" && blocked.voters.map(({ id }) => id), [
        "2"
      ])
      yield* hung.resume()

      // A resumed node needs a moment until it answers and follows again.
      const moved = yield* evaluateDb(first.locality).pipe(
        Effect.repeat({
          until: ({ action }) => action._tag === "Transfer",
          schedule: Schedule.spaced("200 millis")
        }),
        Effect.timeout("30 seconds")
      )
      assert.strictEqual(outcomeOf(moved)?._tag, "moved", JSON.stringify(moved))
      assert.deepInclude(moved, { self: "1", leader: "1", row: { "2": 256, "3": 256 } })

      assert.deepStrictEqual(reasonOf(yield* evaluateDb(first.locality)), { _tag: "notLeader", leader: "2" })
      // The third node hears of its new leader a moment later.
      const heard = yield* evaluateDb(third.locality).pipe(
        Effect.repeat({
          until: (decision) => reasonOf(decision)?._tag !== "electing",
          schedule: Schedule.spaced("100 millis")
        }),
        Effect.timeout("30 seconds")
      )
      assert.deepStrictEqual(reasonOf(heard), { _tag: "notLeader", leader: "2" })
      assert.deepInclude(reasonOf(yield* evaluateDb(second.locality)), {
        _tag: "withinThreshold",
        nearest: "3",
        nearestMillis: 20
      })
      const asked = new Set(agents.flatMap(({ requests }) => requests))
      assert.deepStrictEqual([...asked].toSorted(), [
        "GET /nodes",
        "GET /readyz",
        "GET /status",
        "POST /leader"
      ])
    }).pipe(Effect.scoped)
  )

  it.live("the loops of three agents do it alone, in exactly one transfer", () =>
    Effect.gen(function* () {
      const { agents, second } = yield* startThree({
        interval: Duration.millis(200),
        cooldown: Duration.seconds(1)
      })
      // Settled: node 2's agent has decided to stay many times, so another transfer had every chance.
      yield* second.locality.recent.pipe(
        Effect.map((recent) => recent.filter((one) => reasonOf(one)?._tag === "withinThreshold").length),
        Effect.repeat({ until: (count) => count >= 10, schedule: Schedule.spaced("100 millis") }),
        Effect.timeout("60 seconds")
      )
      const transfers = yield* Effect.forEach(agents, ({ locality }) =>
        Effect.map(locality.recent, (recent) => recent.filter(({ action }) => action._tag === "Transfer"))
      )
      assert.deepStrictEqual(
        transfers.flat().map((one) => [one.self, outcomeOf(one)?._tag]),
        [["1", "moved"]]
      )
    }).pipe(Effect.scoped)
  )

  it.live("with quorumLatency agents that share their rows do it in exactly one transfer too", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const exchange = ({ id }: RqliteNode) =>
        HeartbeatRowExchange.layer.pipe(
          Layer.provide(
            HeartbeatMembership.layer({
              cluster: "test",
              self: id,
              peers: ["1", "2", "3"].map((peer) => ({ id: peer, address: peer })),
              interval: Duration.millis(100),
              deadAfter: Duration.millis(1000)
            })
          ),
          Layer.provide(network.layer(id)),
          Layer.orDie
        )
      const { agents, second } = yield* startThree(
        {
          policy: "quorumLatency",
          interval: Duration.millis(300),
          cooldown: Duration.seconds(1),
          persistence: Duration.seconds(1),
          settle: Duration.seconds(1)
        },
        exchange
      )
      // Settled: node 2's agent has found its place good many times, so another transfer had every chance.
      yield* second.locality.recent.pipe(
        Effect.map((recent) => recent.filter((one) => reasonOf(one)?._tag === "gainTooSmall").length),
        Effect.repeat({ until: (count) => count >= 20, schedule: Schedule.spaced("100 millis") }),
        Effect.timeout("60 seconds")
      )
      const transfers = yield* Effect.forEach(agents, ({ locality }) =>
        Effect.map(locality.recent, (recent) => recent.filter(({ action }) => action._tag === "Transfer"))
      )
      assert.deepStrictEqual(
        transfers.flat().map((one) => [one.self, outcomeOf(one)?._tag, one.scores]),
        [["1", "moved", { "1": 256, "2": 20, "3": 20 }]]
      )
      const asked = new Set(agents.flatMap(({ requests }) => requests))
      assert.deepStrictEqual([...asked].toSorted(), [
        "GET /nodes",
        "GET /readyz",
        "GET /status",
        "POST /leader"
      ])
    }).pipe(Effect.scoped)
  )
})
