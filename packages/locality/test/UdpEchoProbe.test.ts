import { createHmac, hkdfSync } from "node:crypto"
import { createSocket, type Socket } from "node:dgram"

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Metric, Redacted, Schedule } from "effect"
import { TestClock } from "effect/testing"

import { encodeEcho } from "../src/core/echoPacket.ts"
import { type ProbeTarget, RttProbe, UdpEchoProbe } from "../src/index.ts"
import { rttProbeContract } from "../src/testing/index.ts"
import { metric } from "./support/agent.ts"
import { freeUdpPort, udpSocket } from "./support/udpSocket.ts"

const secret = "a secret of the whole cluster"
const target = (id: string): ProbeTarget => ({ group: "db", id, address: "" })

/** A probe that finds agents at these ports; `nobody` has no agent. */
const probeOn = (own: number, ports: Readonly<Record<string, number>>, key = secret) =>
  UdpEchoProbe.layer({
    key: Redacted.make(key),
    timeout: "300 millis",
    // Tests share the machine with others.
    latenessMax: "1 second",
    addressOf: ({ id }) => Effect.succeed(ports[id] === undefined ? undefined : `127.0.0.1:${ports[id]}`)
  }).pipe(Layer.provide(udpSocket(own)))

/** Agents on free ports, and a port where nobody listens. */
const world = Effect.gen(function* () {
  const [here, there, silent] = [yield* freeUdpPort, yield* freeUdpPort, yield* freeUdpPort]
  const ports = { there, silent }
  yield* Layer.build(probeOn(there, ports))
  return { here, there, ports, context: yield* Layer.build(probeOn(here, ports)) }
})

const fresh = Layer.fresh(Layer.succeed(Metric.MetricRegistry, new Map()))

describe.concurrent("UdpEchoProbe", () => {
  for (const { name, run } of rttProbeContract({
    answering: target("there"),
    refusing: target("nobody"),
    silent: target("silent")
  })) {
    it.live(name, () =>
      Effect.gen(function* () {
        const { context } = yield* world
        yield* Effect.provide(run, context)
      }).pipe(Effect.scoped, Effect.provide(fresh))
    )
  }

  it.live("agents with another key are silent to each other, and the forgery is counted", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* freeUdpPort, yield* freeUdpPort]
      yield* Layer.build(probeOn(there, {}, "another secret, as long as the first"))
      const context = yield* Layer.build(probeOn(here, { there }))
      const failure = yield* Effect.flip(Context.get(context, RttProbe).measure(target("there")))
      assert.strictEqual(failure.kind, "timeout")
      assert.strictEqual(yield* metric("locality_echo_dropped_total", { reason: "forged" }), 1)
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("answers are as long as requests, and what is old, malformed or unasked for gets none", () =>
    Effect.gen(function* () {
      const { there } = yield* world
      const sizes: Array<number> = []
      const client = yield* udpClient((answer) => sizes.push(answer.length))
      const say = (payload: Uint8Array) => Effect.promise(() => sent(client, payload, there))
      const now = Date.now()
      yield* say(sealed("request", now - 6000))
      yield* say(sealed("request", now + 6000))
      yield* say(sealed("reply", now))
      yield* say(Buffer.alloc(42))
      yield* say(Buffer.alloc(1400))
      yield* say(sealed("request", Date.now()))
      yield* until(Effect.sync(() => sizes.length > 0))
      assert.deepStrictEqual(sizes, [42], "one answer")
      assert.strictEqual(yield* dropped("stale"), 2)
      assert.strictEqual(yield* dropped("unexpected"), 1)
      assert.strictEqual(yield* dropped("malformed"), 2)
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("a sample during which this process was busy is not used", () =>
    Effect.gen(function* () {
      const [here, there] = [yield* freeUdpPort, yield* freeUdpPort]
      yield* Layer.build(probeOn(there, {}))
      const strict = UdpEchoProbe.layer({
        key: Redacted.make(secret),
        addressOf: () => Effect.succeed(`127.0.0.1:${there}`)
      }).pipe(Layer.provide(udpSocket(here)))
      const probe = Context.get(yield* Layer.build(strict), RttProbe)
      const busy = Effect.sync(() => {
        for (const end = Date.now() + 40; Date.now() < end;);
      })
      const both = Effect.all([probe.measure(target("there")), busy], { concurrency: 2 })
      const failure = yield* Effect.flip(both)
      assert.strictEqual(failure.kind, "busy")
      assert.strictEqual(yield* metric("locality_echo_dropped_total", { reason: "late" }), 1)
      // Calm again: within some tries on a busy machine, one is good.
      const rtt = yield* Effect.retry(probe.measure(target("there")), { times: 50 })
      assert.isBelow(Duration.toMillis(rtt), 100)
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.effect("one source gets 100 answers at once and 100 a second; the rest is dropped and counted", () =>
    Effect.gen(function* () {
      const there = yield* freeUdpPort
      yield* Layer.build(probeOn(there, {}))
      let answers = 0
      const client = yield* udpClient(() => (answers += 1))
      const seen = Effect.map(dropped("rate"), (count = 0) => answers + count)
      // One after the other, as a socket's buffer holds only some.
      const ask = Effect.fnUntraced(function* (count: number) {
        for (let index = 0; index < count; index++) {
          const before = yield* seen
          yield* Effect.promise(() => sent(client, sealed("request", 0), there))
          yield* TestClock.withLive(until(Effect.map(seen, (now) => now > before)))
        }
      })
      yield* ask(120)
      assert.deepStrictEqual([answers, yield* dropped("rate")], [100, 20])
      yield* TestClock.adjust("100 millis")
      yield* ask(15)
      assert.deepStrictEqual([answers, yield* dropped("rate")], [110, 25])
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("a name is looked up", () =>
    Effect.gen(function* () {
      const own = yield* freeUdpPort
      const named = UdpEchoProbe.layer({
        key: Redacted.make(secret),
        latenessMax: "1 second",
        addressOf: () => Effect.succeed(`localhost:${own}`)
      }).pipe(Layer.provide(udpSocket(own)))
      const probe = Context.get(yield* Layer.build(named), RttProbe)
      assert.isBelow(Duration.toMillis(yield* probe.measure(target("self"))), 1000)
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("a port that is taken fails the layer", () =>
    Effect.gen(function* () {
      const taken = yield* freeUdpPort
      yield* Layer.build(probeOn(taken, {}))
      const error = yield* Effect.flip(Layer.build(probeOn(taken, {})))
      assert.strictEqual(error.reason._tag, "DatagramSocketOpenError")
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("half an address, and a short key, say what would be right", () =>
    Effect.gen(function* () {
      const named = UdpEchoProbe.layer({
        key: Redacted.make(secret),
        addressOf: () => Effect.succeed("db.example")
      }).pipe(Layer.provide(udpSocket(0)))
      const probe = Context.get(yield* Layer.build(named), RttProbe)
      const failure = yield* Effect.flip(probe.measure(target("x")))
      assert.strictEqual(failure.kind, "invalidAddress")
      assert.include(failure.message, "expected host:port")
      const short = Layer.build(probeOn(0, {}, "short"))
      assert.isTrue(yield* Effect.isFailure(Effect.catchDefect(short, Effect.fail)))
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )
})

const udpClient = (onAnswer: (answer: Buffer) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => createSocket("udp4").on("message", onAnswer)),
    (socket) => Effect.sync(() => void socket.close())
  )

const dropped = (reason: string) => metric("locality_echo_dropped_total", { reason })

const until = (holds: Effect.Effect<boolean>) =>
  Effect.repeat(holds, { until: (held) => held, schedule: Schedule.spaced("5 millis") })

const key = new Uint8Array(hkdfSync("sha256", secret, "", "coterie udp echo 1", 32))

const sealed = (kind: "request" | "reply", atMillis: number): Buffer => {
  const body = encodeEcho({ kind, atMillis, nonce: crypto.getRandomValues(new Uint8Array(16)) })
  return Buffer.concat([body, createHmac("sha256", key).update(body).digest().subarray(0, 16)])
}

const sent = (client: Socket, payload: Uint8Array, port: number): Promise<void> =>
  new Promise((resolve) => {
    client.send(payload, port, "127.0.0.1", () => resolve())
  })
