import { InMemoryGroups } from "@coterie/election"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { HttpTransport } from "@coterie/membership/transport/http"
import {
  ControlStore,
  emptyTopology,
  LoadMetrics,
  MigrationDispatcher,
  uniformRouting
} from "@coterie/rebalancer"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, References, Schedule, Scope } from "effect"

import { Agent } from "../src/Agent.ts"
import { AgentBlocks } from "../src/AgentBlocks.ts"
import type { AgentParts } from "../src/assembleBlocks.ts"
import { configFrom } from "../src/config/loadConfig.ts"
import { newSwimKey } from "../src/config/swimKey.ts"
import { freePorts } from "./e2e/AgentProcess.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const swimKey = newSwimKey()

type Configuration = Parameters<typeof configFrom>[0]

/** The blocks of an agent with this configuration, for the time of the test. */
const blocksOf = (configuration: Partial<Configuration>, parts: Omit<AgentParts, "config"> = {}) =>
  Effect.gen(function* () {
    const config = yield* Effect.orDie(
      configFrom({
        cluster: "test",
        node: { id: "n1", stateFolder: yield* temporaryFolder },
        api: { ops: "127.0.0.1:0" },
        peer: { listen: "127.0.0.1:0" },
        ...configuration
      })
    )
    return Context.get(yield* Layer.build(Agent.layerWith({ config, ...parts })), AgentBlocks)
  }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))

const failureOf = (...args: Parameters<typeof blocksOf>) => Effect.flip(blocksOf(...args))

const engine = InMemoryGroups.layerNode("r1").pipe(
  Layer.provide(InMemoryGroups.layer({ groups: { g: { leader: "r1", voters: ["r1", "r2"] } } }))
)

const rebalancing = Layer.mergeAll(
  LoadMetrics.layerFrom(Effect.succeed([])),
  Layer.succeed(MigrationDispatcher, { dispatch: () => Effect.void })
).pipe(
  Layer.provideMerge(
    ControlStore.layerMemory({
      topology: emptyTopology,
      routing: uniformRouting({ groups: 1, nodes: ["n1"], replicationFactor: 1 })
    })
  )
)

describe("an agent has", () => {
  it.live("membership and an election, and no more, unless there is an engine", () =>
    Effect.gen(function* () {
      const { consensusGroups, election, locality, membership, rebalancer } = yield* blocksOf({})
      assert.strictEqual(membership.self, "n1")
      assert.isDefined(election)
      assert.deepStrictEqual([consensusGroups, locality, rebalancer], [undefined, undefined, undefined])
    })
  )
  it.live("leader locality beside an engine, unless it is off", () =>
    Effect.gen(function* () {
      const on = yield* blocksOf({ locality: { interval: "3m" } }, { consensusGroups: engine })
      assert.strictEqual(on.locality?.options.mode, "advise")
      assert.strictEqual(on.consensusGroups?.engine, "memory")
      const off = yield* blocksOf({ locality: { enabled: false } }, { consensusGroups: engine })
      assert.isUndefined(off.locality)
    })
  )
  it.live("no election when that is off", () =>
    Effect.map(blocksOf({ election: { strategy: "none" } }), ({ election }) => assert.isUndefined(election))
  )
  it.live("listed members that are never contacted when membership is static", () =>
    Effect.gen(function* () {
      const { membership } = yield* blocksOf({
        membership: { mode: "static", peers: [{ id: "n2", address: "http://127.0.0.1:1" }] },
        election: { strategy: "none" }
      })
      const members = yield* membership.members
      assert.deepStrictEqual(
        members.map(({ id, state }) => [id, state]),
        [
          ["n1", "alive"],
          ["n2", "alive"]
        ]
      )
    })
  )
  it.live("SWIM with its keys when that is the mode, over a network that code gives", () =>
    Effect.gen(function* () {
      const network = yield* makeSwimMemoryNetwork
      const folder = yield* temporaryFolder
      const start = (id: string) =>
        blocksOf(
          {
            node: { id, stateFolder: folder },
            membership: { keys: [swimKey], peers: [{ id: "n1", address: "127.0.0.1:1" }] }
          },
          { swimTransport: network.layer(`127.0.0.1:${id.slice(1)}`) }
        )
      const { keyring } = yield* start("n1")
      const { election, membership, swim } = yield* start("n2")
      assert.deepInclude(
        yield* eventually(swim?.health ?? Effect.die("no SWIM"), ({ phase }) => phase === "member"),
        {
          isolated: false
        }
      )
      yield* eventually(membership.members, ({ length }) => length === 2)
      yield* eventually(election?.leadership ?? Effect.die("no election"), ({ leader }) => leader === "n1")
      assert.isFalse(yield* election?.isLeader ?? Effect.succeed(true), "a node without a vote does not lead")
      assert.lengthOf(yield* keyring?.list ?? Effect.succeed([]), 2)
    })
  )
  it.live("a rebalancer when code gives it something to plan with", () =>
    Effect.gen(function* () {
      const { rebalancer } = yield* blocksOf(
        { rebalancer: { enabled: true, interval: "1h" } },
        { rebalancing }
      )
      assert.isDefined(rebalancer)
    })
  )
})

describe("an agent that stops without a drain", () => {
  it.live("hands leadership over first, long before its lease would have run out", () =>
    Effect.gen(function* () {
      const ids = ["n1", "n2", "n3"]
      const ports = yield* Effect.promise(() => freePorts(ids.length))
      const peers = ids.map((id, index) => ({ id, address: `http://127.0.0.1:${ports[index]}` }))
      const nodes = yield* Effect.forEach(ids, (id, index) =>
        Effect.gen(function* () {
          const scope = yield* Effect.acquireRelease(Scope.make(), (made) => Scope.close(made, Exit.void))
          const blocks = yield* Effect.provideService(
            blocksOf({
              node: { id, stateFolder: yield* temporaryFolder },
              peer: { listen: `127.0.0.1:${ports[index]}` },
              membership: { interval: "100ms", deadAfter: "20s", peers },
              election: { lease: "20s" }
            }),
            Scope.Scope,
            scope
          )
          return { blocks, scope }
        })
      )
      const whoLeads = Effect.map(
        Effect.forEach(nodes, ({ blocks }) => blocks.election?.isLeader ?? Effect.succeed(false)),
        (leads) => nodes.find((_, index) => leads[index] === true)
      )
      const old = yield* eventually(whoLeads, (node) => node !== undefined)
      if (old === undefined) return assert.fail("nobody leads")
      const [took] = yield* Effect.timed(
        Effect.andThen(
          Scope.close(old.scope, Exit.void),
          eventually(whoLeads, (node) => node !== undefined && node !== old)
        )
      )
      assert.isBelow(Duration.toMillis(took), 10_000)
    })
  )
})

/** Looks until the value satisfies the condition; the test's own timeout ends it otherwise. */
const eventually = <A>(look: Effect.Effect<A>, satisfies: (value: A) => boolean) =>
  Effect.repeat(look, { schedule: Schedule.spaced("10 millis"), until: satisfies })

describe("an agent that cannot start names the key to change:", () => {
  it.live("a rebalancer without a control store", () =>
    Effect.map(failureOf({ rebalancer: { enabled: true } }), ({ key }) =>
      assert.strictEqual(key, "rebalancer.enabled")
    )
  )
  it.live("a password file, which only loadConfig reads", () =>
    Effect.map(
      failureOf({
        backend: { kind: "rqlite", url: "http://127.0.0.1:4001", username: "u", password_file: "p" }
      }),
      ({ key }) => assert.strictEqual(key, "backend.password_file")
    )
  )
  it.live("the key of echoes in a file, which only loadConfig reads", () =>
    Effect.map(
      failureOf(
        { locality: { probe: "udp", probeKey_file: "k" }, peer: { listen: "127.0.0.1:1" } },
        { consensusGroups: engine, heartbeatTransport: HttpTransport.layer() }
      ),
      ({ key }) => assert.strictEqual(key, "locality.probeKey_file")
    )
  )
  it.live("the file of keys, which only loadConfig reads", () =>
    Effect.map(failureOf({ membership: { keys_file: "k", peers: [{ id: "n1" }] } }), ({ key }) =>
      assert.strictEqual(key, "membership.keys_file")
    )
  )
  it.live("labels that do not fit a packet", () =>
    Effect.gen(function* () {
      const tags = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`t${index}`, "x".repeat(256)]))
      const { message } = yield* failureOf({
        node: { id: "n1", tags, stateFolder: yield* temporaryFolder },
        membership: { plaintext: true, peers: [{ id: "n1" }] }
      })
      assert.match(message, /^membership: .*id, address and metadata need \d+ bytes of a packet/)
    })
  )
  it.live("a certificate that is not there", () =>
    Effect.map(
      failureOf({ backend: { kind: "rqlite", url: "https://127.0.0.1:4001", tls: { ca: "gone.pem" } } }),
      ({ message }) => assert.strictEqual(message, "backend.tls.ca: cannot read gone.pem")
    )
  )
})
