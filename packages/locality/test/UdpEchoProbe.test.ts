import { createHmac, hkdfSync } from "node:crypto"
import { createSocket, type Socket } from "node:dgram"

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Metric, Redacted, Schedule } from "effect"

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
    addressOf: ({ id }) => (ports[id] === undefined ? undefined : `127.0.0.1:${ports[id]}`)
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
      const { context, there } = yield* world
      // Until its socket is open.
      yield* Effect.retry(Context.get(context, RttProbe).measure(target("there")), { times: 20 })
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => createSocket("udp4")),
        (socket) => Effect.sync(() => void socket.close())
      )
      const sizes: Array<number> = []
      client.on("message", (answer) => sizes.push(answer.length))
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
        addressOf: () => `127.0.0.1:${there}`
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

  it.live("a name instead of an IP address, and a short key, say what would be right", () =>
    Effect.gen(function* () {
      const named = UdpEchoProbe.layer({
        key: Redacted.make(secret),
        addressOf: () => "db.example:7946"
      }).pipe(Layer.provide(udpSocket(0)))
      const probe = Context.get(yield* Layer.build(named), RttProbe)
      const failure = yield* Effect.flip(probe.measure(target("x")))
      assert.strictEqual(failure.kind, "invalidAddress")
      assert.include(failure.message, "expected IP:port")
      const short = Layer.build(probeOn(0, {}, "short"))
      assert.isTrue(yield* Effect.isFailure(Effect.catchDefect(short, Effect.fail)))
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )
})

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
