import { createServer } from "node:net"

import { InMemoryGroups } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

import { EngineProbe, type ProbeTarget, RttProbe, TcpConnectProbe } from "../src/index.ts"
import { rttProbeContract, type RttProbeWorld } from "../src/testing/index.ts"
import { silentPort } from "./support/silentPort.ts"

const target = (id: string, address = `${id}:4001`): ProbeTarget => ({ group: "g", id, address })

const names: RttProbeWorld = {
  answering: target("near"),
  refusing: target("gone"),
  silent: target("hung")
}

describe("RttProbe.layerMemory", () => {
  const layer = RttProbe.layerMemory("me", { me: { near: 20, hung: Infinity }, far: { me: 256 } })
  for (const { name, run } of rttProbeContract(names)) it.effect(name, () => Effect.provide(run, layer))

  it.effect("a link given in one direction counts for both", () =>
    Effect.gen(function* () {
      const probe = yield* RttProbe
      assert.strictEqual(Duration.toMillis(yield* probe.measure(target("far"))), 256)
    }).pipe(Effect.provide(layer))
  )
})

describe("EngineProbe", () => {
  const world = InMemoryGroups.layer({ groups: { g: { leader: "me", voters: ["me", "near", "hung"] } } })
  const layer = EngineProbe.layer.pipe(
    Layer.provide(InMemoryGroups.layerNode("me")),
    Layer.provideMerge(world)
  )
  for (const { name, run } of rttProbeContract(names)) {
    it.effect(name, () =>
      Effect.andThen(
        Effect.flatMap(InMemoryGroups, (groups) => groups.hang("hung")),
        run
      ).pipe(Effect.provide(layer))
    )
  }

  it.effect("a dead replica is unreachable, and an unknown one is the engine's refusal", () =>
    Effect.gen(function* () {
      const probe = yield* RttProbe
      yield* (yield* InMemoryGroups).kill("near")
      assert.strictEqual((yield* Effect.flip(probe.measure(target("near")))).kind, "unreachable")
      assert.strictEqual((yield* Effect.flip(probe.measure(target("gone")))).kind, "engine")
    }).pipe(Effect.provide(layer))
  )
})

/** A loopback port, open until the scope closes, or closed at once. */
const loopbackPort = Effect.acquireRelease(
  Effect.callback<{ port: number; close: Effect.Effect<void> }>((resume) => {
    const server = createServer((socket) => socket.on("error", () => undefined))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const close = Effect.callback<void>((done) => void server.close(() => done(Effect.void)))
      resume(Effect.succeed({ port, close }))
    })
  }),
  ({ close }) => close
)

const tcpWorld = Effect.gen(function* () {
  const { port } = yield* loopbackPort
  const closed = yield* Effect.scoped(loopbackPort)
  return {
    answering: target("near", `127.0.0.1:${port}`),
    refusing: target("gone", `127.0.0.1:${closed.port}`),
    silent: target("hung", `127.0.0.1:${yield* silentPort}`)
  } satisfies RttProbeWorld
})

describe("TcpConnectProbe", () => {
  const layer = TcpConnectProbe.layer({ timeout: "300 millis" })
  for (const [index, { name }] of rttProbeContract(names).entries()) {
    it.live(name, () =>
      Effect.gen(function* () {
        const cases = rttProbeContract(yield* tcpWorld)
        yield* cases[index]?.run ?? Effect.die("no such case")
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }

  it.live("a refused connection is told apart from silence", () =>
    Effect.gen(function* () {
      const probe = yield* RttProbe
      const { port } = yield* Effect.scoped(loopbackPort)
      const failure = yield* Effect.flip(probe.measure(target("gone", `127.0.0.1:${port}`)))
      assert.strictEqual(failure.kind, "refused")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a name that cannot be resolved is unreachable", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip((yield* RttProbe).measure(target("x", `${"x".repeat(64)}:1`)))
      assert.strictEqual(failure.kind, "unreachable")
    }).pipe(Effect.provide(layer))
  )

  it.effect("an address without a port is refused with what would be right", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip((yield* RttProbe).measure(target("x", "10.0.0.1")))
      assert.strictEqual(failure.kind, "invalidAddress")
      assert.include(failure.message, "host:port")
    }).pipe(Effect.provide(layer))
  )

  it.live("without an address the id is taken for it, and another address can be chosen", () =>
    Effect.gen(function* () {
      const { port } = yield* loopbackPort
      const measure = Effect.flatMap(RttProbe, (probe) => probe.measure(target(`127.0.0.1:${port}`, "")))
      yield* Effect.provide(measure, TcpConnectProbe.layer())
      const elsewhere = TcpConnectProbe.layer({ addressOf: () => "nowhere" })
      const failure = yield* Effect.flip(Effect.provide(measure, elsewhere))
      assert.strictEqual(failure.address, "nowhere")
    }).pipe(Effect.scoped)
  )

  it.effect("silence is given up after 3 s by default", () =>
    Effect.gen(function* () {
      const silent = yield* silentPort.pipe(TestClock.withLive)
      const probe = yield* RttProbe
      const failure = yield* Effect.flip(probe.measure(target("hung", `127.0.0.1:${silent}`))).pipe(
        Effect.forkChild
      )
      yield* TestClock.adjust("2999 millis")
      assert.isUndefined(failure.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(failure)).kind, "timeout")
    }).pipe(Effect.scoped, Effect.provide(TcpConnectProbe.layer()))
  )
})
