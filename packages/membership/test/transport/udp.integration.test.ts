import { createConnection, type Socket } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

import { SwimTransport } from "../../src/index.ts"
import { makeFaultyTransport, swimTransportContract, SwimTransportWorld } from "../../src/testing/index.ts"
import { UdpTransport, type UdpTransportOptions } from "../../src/transport/udp.ts"
import { isolated } from "../support/isolated.ts"
import { metric } from "../support/metric.ts"
import { eventually, quick, startSwimMember } from "../support/swimCluster.ts"

const open = (options: UdpTransportOptions = { port: 0 }) =>
  Effect.map(Layer.build(UdpTransport.layer(options)), (context) => Context.get(context, SwimTransport))

describe("UdpTransport keeps the transport contract", () => {
  const worlds = {
    IPv4: open(),
    IPv6: open({ host: "::1", port: 0 }),
    "with faults that are not used": Effect.map(
      Effect.suspend(() => Layer.build(makeFaultyTransport(UdpTransport.layer({ port: 0 })).layer)),
      (context) => Context.get(context, SwimTransport)
    )
  }
  for (const [world, endpoint] of Object.entries(worlds)) {
    for (const { name, run } of swimTransportContract) {
      it.live(`${world}: ${name}`, () =>
        isolated(
          Effect.provideService(run, SwimTransportWorld, {
            endpoint,
            deadAddress: world === "IPv6" ? "[::1]:9" : "127.0.0.1:9"
          })
        )
      )
    }
  }
})

/** Polls in the turns of the event loop, in which sockets move while the clock of the test stands. */
const untilTurn = (condition: () => boolean): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const look = (): unknown => (condition() ? resume(Effect.void) : setImmediate(look))
    look()
  })

/** A connection of somebody who goes on sending when the other side has ended it; opened once it was. */
const dripping = (address: string) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly socket: Socket
      readonly said: () => string
      readonly drips: () => number
    }>((resume) => {
      const [host, port] = address.split(":")
      const socket = createConnection({ host, port: Number(port), allowHalfOpen: true })
      let said = ""
      let drips = 0
      const drip = () => {
        if (socket.closed) return
        drips += 1
        socket.write("x", () => setImmediate(drip))
      }
      socket.on("error", () => undefined)
      socket.on("data", (bytes) => (said += bytes.toString()))
      socket.on("end", () => {
        drip()
        resume(Effect.succeed({ socket, said: () => said, drips: () => drips }))
      })
      socket.write("x")
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

describe("UdpTransport", () => {
  it.live("says what is wrong with a port or an address", () =>
    Effect.gen(function* () {
      const { address } = yield* open()
      const port = Number(address.split(":")[1])
      const messageOf = (options: UdpTransportOptions) =>
        Effect.map(Effect.flip(open(options)), ({ message }) => message)
      assert.include(yield* messageOf({ port }), `port ${port} on 127.0.0.1 for UDP and TCP: it is in use`)
      assert.include(yield* messageOf({ host: "0.0.0.0", port: 0 }), "set advertise")
      assert.include(yield* messageOf({ port: 0, advertise: "node-1" }), "node-1 is no address")
      assert.include(yield* messageOf({ host: "192.0.2.1", port: 0 }), "is no address of this machine")
      const { address: advertised } = yield* open({ host: "0.0.0.0", port: 0, advertise: "127.0.0.1:0" })
      assert.match(advertised, /^127\.0\.0\.1:[1-9]\d*$/)
    })
  )

  it.effect(
    "gives the other side 5 s to close, whatever it sends, and no more than 64 others at a time",
    () =>
      Effect.gen(function* () {
        const transport = yield* open()
        const heard: Array<string> = []
        yield* transport.serve({
          onPacket: () => undefined,
          onUnreachable: () => undefined,
          onStream: (stream) => ({
            onBytes: (bytes) => {
              heard.push(Buffer.from(bytes).toString())
              stream.write(Buffer.from("no"))
              stream.end()
            },
            onClosed: () => undefined
          })
        })
        const strangers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
          dripping(transport.address)
        )
        const isClosed = (wanted: number) =>
          untilTurn(() => strangers.filter(({ socket }) => socket.closed).length === wanted)
        yield* isClosed(36)
        assert.deepStrictEqual([...new Set(strangers.map(({ said }) => said()))], ["no"])
        yield* TestClock.adjust("4999 millis")
        yield* untilTurn(() => strangers.every(({ drips }) => drips() > 20))
        yield* isClosed(36)
        yield* TestClock.adjust("1 millis")
        yield* isClosed(100)
        assert.lengthOf(heard, 100, "nothing is heard after the end")
      }).pipe(isolated)
  )

  it.live("strangers that hold streams, or fill them, cost nothing lasting", () =>
    isolated(
      Effect.gen(function* () {
        const member = yield* startSwimMember(UdpTransport.layer({ port: 0 }), {
          self: "a",
          settings: { ...quick, streamTimeoutMillis: 200 }
        })
        const port = Number(member.address.split(":")[1])
        const strangers = Array.from({ length: 160 }, () => createConnection({ port, host: "127.0.0.1" }))
        let closed = 0
        for (const socket of strangers) {
          socket.on("error", () => undefined)
          socket.on("close", () => (closed += 1))
          socket.resume()
        }
        // No frame of the wire; the newest is not the one to make room.
        strangers.at(-1)?.write(Buffer.alloc(70_000, 1))
        yield* eventually(Effect.sync(() => closed === strangers.length))
        assert.isAtLeast(yield* metric("swim_streams_dropped_total", { fault: "too_many" }), 31)
        assert.strictEqual(yield* metric("swim_refused_total", { reason: "magic" }), 1)
        const other = yield* startSwimMember(UdpTransport.layer({ port: 0 }), { self: "b", settings: quick })
        assert.strictEqual(yield* other.membership.join([member.address]), 1)
      })
    )
  )

  it.live("enters through a host name", () =>
    isolated(
      Effect.gen(function* () {
        const { address } = yield* startSwimMember(UdpTransport.layer({ port: 0 }), {
          self: "a",
          settings: quick
        })
        const other = yield* startSwimMember(UdpTransport.layer({ port: 0 }), { self: "b", settings: quick })
        assert.strictEqual(yield* other.membership.join([`localhost:${address.split(":")[1]}`]), 1)
        const error = yield* Effect.flip(other.membership.join(["no-such-host.invalid:7946"]))
        assert.include(error.message, "no-such-host.invalid")
      })
    )
  )
})
