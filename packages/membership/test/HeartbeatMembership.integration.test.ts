import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, Schema, Scope } from "effect"
import { request } from "undici"

import { HeartbeatMembership, Heartbeats, Membership, PeerCalls, VersionedDocument } from "../src/index.ts"
import { membershipContract } from "../src/testing/index.ts"
import { HttpListener, HttpTransport } from "../src/transport/http.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

const ids = ["a", "b", "c"] as const

interface Node {
  readonly membership: Membership["Service"]
  readonly document: VersionedDocument<string>
  readonly address: string
  readonly kill: Effect.Effect<void>
}

/** A member with its own listener; it knows the addresses of those started before, and they learn its own. */
const startNode = Effect.fnUntraced(function* (
  self: string,
  known: ReadonlyArray<Node>,
  port: number
): Effect.fn.Return<Node, unknown, Scope.Scope> {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const http = yield* Layer.buildWithScope(HttpTransport.layerListening({ listen: { port } }), scope)
  const { address } = Context.get(http, HttpListener)
  const peers = ids.map((id) => {
    const before = known.find(({ membership }) => membership.self === id)
    return before === undefined ? { id } : { id, address: before.address }
  })
  const layer = HeartbeatMembership.layer({
    cluster: "integration",
    self,
    advertise: address,
    peers,
    interval: Duration.millis(250),
    deadAfter: Duration.millis(1250)
  }).pipe(Layer.provide(Layer.succeedContext(http)))
  const context = yield* Layer.buildWithScope(layer, scope)
  const document = yield* VersionedDocument.make({
    name: "greeting",
    schema: Schema.String,
    initial: { value: "", version: 0 }
  }).pipe(
    Effect.provideService(Heartbeats, Context.get(context, Heartbeats)),
    Effect.provideService(PeerCalls, Context.get(context, PeerCalls)),
    Scope.provide(scope)
  )
  return {
    membership: Context.get(context, Membership),
    document,
    kill: Scope.close(scope, Exit.void),
    address
  }
})

const startThree = Effect.gen(function* () {
  const a = yield* startNode("a", [], 0)
  const b = yield* startNode("b", [a], 0)
  const c = yield* startNode("c", [a, b], 0)
  return { a, b, c }
})

const sees = (node: Node, wanted: Record<string, string>) =>
  eventually(
    Effect.map(node.membership.members, (view) =>
      Object.entries(wanted).every(([id, state]) =>
        view.some((member) => member.id === id && member.state === state)
      )
    )
  )

const eventually = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) =>
    holds ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), eventually(condition))
  )

describe("HeartbeatMembership over HTTP keeps the Membership contract", () => {
  for (const { name, run } of membershipContract) {
    it.live(name, () =>
      Effect.gen(function* () {
        const { a, b } = yield* startThree
        yield* sees(b, { a: "alive" })
        yield* sees(a, { b: "alive" })
        yield* Effect.provideService(run, Membership, b.membership)
      }).pipe(isolated)
    )
  }
})

describe("three members over HTTP", () => {
  it.live(
    "find each other though each knows only those before it, notice a killed one, and welcome it back",
    () =>
      Effect.gen(function* () {
        const { a, b, c } = yield* startThree
        for (const node of [a, b, c]) yield* sees(node, { a: "alive", b: "alive", c: "alive" })
        const { port } = new URL(c.address)
        yield* c.kill
        for (const node of [a, b]) yield* sees(node, { c: "dead", a: "alive", b: "alive" })
        const back = yield* startNode("c", [a, b], Number(port))
        for (const node of [a, b, back]) yield* sees(node, { a: "alive", b: "alive", c: "alive" })
        yield* back.membership.leave
        for (const node of [a, b]) yield* sees(node, { c: "left" })
      }).pipe(isolated)
  )

  it.live("spread a document that was written on one of them", () =>
    Effect.gen(function* () {
      const { a, b, c } = yield* startThree
      yield* b.document.replace("hello", 1)
      for (const { document } of [a, c]) {
        yield* eventually(Effect.map(document.current, ({ value }) => value === "hello"))
      }
    }).pipe(isolated)
  )

  it.live("stay together while garbage is thrown at one of them", () =>
    Effect.gen(function* () {
      const { a, b, c } = yield* startThree
      for (const node of [a, b, c]) yield* sees(node, { a: "alive", b: "alive", c: "alive" })
      const bodies = ["", "{", "[".repeat(60_000), "x".repeat(200_000), '{"_tag":"Beat","protocol":1}']
      const posts = Effect.forEach(
        Array.from({ length: 100 }, (_, index) => bodies[index % bodies.length] ?? ""),
        (body) =>
          Effect.promise(async () => {
            const answer = await request(`${a.address}/coterie/heartbeat`, { method: "POST", body })
            await answer.body.dump()
            return answer.statusCode
          }),
        { concurrency: 8 }
      )
      assert.deepStrictEqual(new Set(yield* posts), new Set([400, 413]))
      assert.strictEqual(yield* metric("heartbeat_refused_total"), 100)
      for (const node of [a, b, c]) yield* sees(node, { a: "alive", b: "alive", c: "alive" })
    }).pipe(isolated)
  )
})
