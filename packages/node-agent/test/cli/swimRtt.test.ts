import { InMemoryGroups } from "@coterie/election"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger } from "effect"

import { Agent } from "../../src/Agent.ts"
import { ApiServer } from "../../src/api/ApiServer.ts"
import type { RttReport } from "../../src/api/localityResponses.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { eventually } from "../swimFleet.ts"
import { temporaryFolder } from "../temporaryFolder.ts"
import { runCommand } from "./localityFleet.ts"

const nodes = ["n1", "n2", "n3"]
const oneWayMillis = 10
const address = (id: string) => `127.0.0.1:${id.slice(1)}`

/** Agents on SWIM that measure over it, beside an engine that tells of other round trips; returns where the first is asked. */
const startAgents = Effect.gen(function* () {
  const network = yield* makeSwimMemoryNetwork
  network.delay(oneWayMillis)
  const engine = yield* Layer.build(
    InMemoryGroups.layer({ groups: { db: { leader: "n1", voters: nodes } }, rtt: () => 250 })
  )
  const stateFolder = yield* temporaryFolder
  const urls = yield* Effect.forEach(nodes, (id) =>
    Effect.gen(function* () {
      const config = yield* configFrom({
        cluster: "test",
        node: { id, stateFolder },
        api: { ops: "127.0.0.1:0" },
        membership: {
          plaintext: true,
          peers: nodes.map((voter) => ({ id: voter })),
          seeds: [address("n1"), address("n2")],
          interval: "100ms",
          deadAfter: "2s"
        },
        election: { strategy: "none" },
        locality: { probe: "swim", interval: "200ms" }
      })
      const consensusGroups = InMemoryGroups.layerNode(id).pipe(Layer.provide(Layer.succeedContext(engine)))
      const agent = yield* Layer.build(
        Agent.layerWith({ config, consensusGroups, swimTransport: network.layer(address(id)) })
      )
      return Context.get(agent, ApiServer).url
    })
  )
  return urls[0] ?? ""
})

describe("locality.probe: swim", () => {
  it.live("fills coterie rtt --matrix with round trips over SWIM, at one agent those of all", () =>
    Effect.gen(function* () {
      const url = yield* startAgents
      const rtt = (...flags: ReadonlyArray<string>) => runCommand(["rtt", ...flags, "--endpoint", url])
      const links = yield* eventually(
        Effect.map(rtt("--json"), ({ out }) => (JSON.parse(out) as RttReport).links),
        (told) => told.filter(({ estimated }) => !estimated).length === nodes.length * (nodes.length - 1)
      )
      for (const { from, p50Ms, to } of links) {
        assert.isAtLeast(p50Ms, 2 * oneWayMillis, `${from} to ${to}`)
        assert.isBelow(p50Ms, 250, `${from} to ${to}: the engine's round trip`)
      }
      const [header, ...rows] = (yield* rtt("--matrix")).out.split("\n").map((line) => line.split(/ +/))
      assert.deepStrictEqual(header, ["FROM", ...nodes])
      for (const [row, [name, ...cells]] of rows.entries()) {
        assert.strictEqual(name, nodes[row])
        for (const [column, cell] of cells.entries())
          assert.match(cell, row === column ? /^-$/ : /^\d+(\.\d+)?ms/)
      }
      assert.lengthOf(rows, nodes.length)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
