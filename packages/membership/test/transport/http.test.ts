import { createServer, type RequestListener } from "node:http"
import { connect } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schedule } from "effect"
import { request } from "undici"

import { type HeartbeatReply, HeartbeatTransport, messageBytesMax } from "../../src/index.ts"
import { heartbeatTransportContract, sampleBeat, TransportWorld } from "../../src/testing/index.ts"
import { HttpInbox, HttpListener, HttpTransport } from "../../src/transport/http.ts"
import { isolated } from "../support/isolated.ts"
import { metric } from "../support/metric.ts"

const endpoint = Effect.gen(function* () {
  const context = yield* Layer.build(HttpTransport.layerListening({ listen: { port: 0 } }))
  const { address } = Context.get(context, HttpListener)
  return {
    transport: Context.get(context, HeartbeatTransport),
    inbox: Context.get(context, HttpInbox),
    address
  }
})

const world = Layer.succeed(TransportWorld, { endpoint, deadAddress: "http://127.0.0.1:9" })

describe("HttpTransport keeps the HeartbeatTransport contract", () => {
  for (const { name, run } of heartbeatTransportContract) {
    it.effect(name, () => isolated(Effect.scoped(run).pipe(Effect.provide(world))))
  }
})

describe("bad requests are refused and counted, and the next good one is served", () => {
  const path = "/coterie/heartbeat"
  const deep = JSON.stringify({ ...sampleBeat(), riders: { deep: "@" } }).replace(
    '"@"',
    "[".repeat(9_000) + "]".repeat(9_000)
  )
  const badRequests: ReadonlyArray<{
    readonly name: string
    readonly body: string
    readonly status: number
    readonly reason: string
    readonly says: string
  }> = [
    { name: "no JSON", body: "hello", status: 400, reason: "malformed", says: "" },
    { name: "an empty body", body: "", status: 400, reason: "malformed", says: "" },
    { name: "JSON of something else", body: "[1,2]", status: 400, reason: "malformed", says: "" },
    { name: "a bomb of brackets", body: deep, status: 400, reason: "malformed", says: "nested deeper" },
    {
      name: "a bad id",
      body: JSON.stringify({ ...sampleBeat(), from: "a b" }),
      status: 400,
      reason: "malformed",
      says: "node id"
    },
    {
      name: "labels beyond the bounds",
      body: JSON.stringify({ ...sampleBeat(), metadata: { zone: "x".repeat(300) } }),
      status: 400,
      reason: "malformed",
      says: "256"
    },
    {
      name: "a rider named __proto__",
      body: JSON.stringify({ ...sampleBeat(), riders: "@" }).replace(
        '"@"',
        '{"__proto__":{"polluted":true}}'
      ),
      status: 400,
      reason: "malformed",
      says: ""
    },
    {
      name: "another protocol version",
      body: JSON.stringify({ _tag: "Pulse", protocol: 2, hello: true }),
      status: 400,
      reason: "protocol",
      says: "heartbeat protocol 2, this node 1"
    },
    {
      name: "more than 64 KiB",
      body: JSON.stringify(sampleBeat({ big: "x".repeat(messageBytesMax) })),
      status: 413,
      reason: "too_large",
      says: "65536 bytes"
    }
  ]

  for (const { name, body, status, reason, says } of badRequests) {
    it.effect(name, () =>
      isolated(
        Effect.gen(function* () {
          const server = yield* endpoint
          yield* server.transport.serve(() => Effect.succeed(sampleBeat()))
          const answer = yield* post(server.address + path, body)
          assert.strictEqual(answer.status, status)
          assert.include(answer.body, `"reason":"${reason}"`)
          assert.include(answer.body, says)
          assert.strictEqual(yield* metric("heartbeat_refused_total", { reason }), 1)
          assert.isUndefined(({} as { polluted?: boolean }).polluted)
          assert.strictEqual((yield* post(server.address + path, JSON.stringify(sampleBeat()))).status, 200)
        })
      )
    )
  }

  it.effect("a body without end is cut off at the limit", () =>
    isolated(
      Effect.gen(function* () {
        const server = yield* endpoint
        const received = yield* rawRequest(server.address, (write) => {
          write(`POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`)
          const chunk = "x".repeat(16_384)
          for (let index = 0; index < 5; index++) write(`4000\r\n${chunk}\r\n`)
        })
        assert.include(received, "413")
        assert.strictEqual(yield* metric("heartbeat_refused_total", { reason: "too_large" }), 1)
      })
    )
  )

  it.effect("bytes that are no HTTP close the connection", () =>
    isolated(
      Effect.gen(function* () {
        const server = yield* endpoint
        yield* rawRequest(server.address, (write) => write("\u0016\u0003\u0001 garbage \r\n\r\n"))
        assert.strictEqual(yield* metric("heartbeat_refused_total", { reason: "malformed" }), 1)
      })
    )
  )

  it.effect("another path or method", () =>
    isolated(
      Effect.gen(function* () {
        const server = yield* endpoint
        assert.strictEqual((yield* post(`${server.address}/elsewhere`, "{}")).status, 400)
        const answer = yield* Effect.promise(() => request(server.address + path))
        assert.strictEqual(answer.statusCode, 400)
        yield* Effect.promise(() => answer.body.dump())
      })
    )
  )
})

describe("refusals have a status that fits", () => {
  const statuses = {
    wrong_cluster: 403,
    unknown_sender: 403,
    own_id: 403,
    no_answer: 404,
    left: 410
  } as const
  for (const [reason, status] of Object.entries(statuses)) {
    it.effect(`${reason} is ${status}`, () =>
      isolated(
        Effect.gen(function* () {
          const { transport, inbox } = yield* endpoint
          const refusal = {
            _tag: "Refusal",
            reason: reason as keyof typeof statuses,
            detail: "because"
          } as const
          yield* transport.serve(() => Effect.succeed(refusal))
          const answer = yield* inbox.handle(JSON.stringify(sampleBeat()))
          assert.deepStrictEqual({ ...answer, body: JSON.parse(answer.body) }, { status, body: refusal })
        })
      )
    )
  }
})

describe("an existing server", () => {
  it.effect("mounts the inbox without a listener of its own", () =>
    isolated(
      Effect.gen(function* () {
        const context = yield* Layer.build(HttpTransport.layer())
        const inbox = Context.get(context, HttpInbox)
        assert.strictEqual((yield* inbox.handle(JSON.stringify(sampleBeat()))).status, 503)
        yield* Context.get(context, HeartbeatTransport).serve(() => Effect.succeed(sampleBeat({ pong: 1 })))
        const answer = yield* inbox.handle(JSON.stringify(sampleBeat()))
        assert.strictEqual(answer.status, 200)
        assert.deepStrictEqual(JSON.parse(answer.body), sampleBeat({ pong: 1 }))
        assert.strictEqual((yield* inbox.handle("x".repeat(messageBytesMax + 1))).status, 413)
      })
    )
  )
})

describe("bad servers cost the caller one typed error", () => {
  const reply: HeartbeatReply = sampleBeat()
  const servers: ReadonlyArray<{
    readonly name: string
    readonly answer: RequestListener
    readonly kind: string
  }> = [
    { name: "text that is no JSON", answer: (_, response) => response.end("<html>"), kind: "unreadable" },
    { name: "JSON of something else", answer: (_, response) => response.end("{}"), kind: "unreadable" },
    {
      name: "an empty 502",
      answer: (_, response) => response.writeHead(502).end(),
      kind: "unreadable"
    },
    {
      name: "a bomb of brackets",
      answer: (_, response) => response.end("[".repeat(60_000)),
      kind: "unreadable"
    },
    {
      name: "megabytes",
      answer: (_, response) =>
        response.end(JSON.stringify({ ...reply, riders: { big: "x".repeat(5_000_000) } })),
      kind: "too_large"
    },
    { name: "a closed connection", answer: (request) => request.socket.destroy(), kind: "unreachable" },
    {
      name: "half an answer",
      answer: (request, response) => {
        response.writeHead(200, { "content-length": "1000" }).write("{")
        setImmediate(() => request.socket.destroy())
      },
      kind: "unreachable"
    }
  ]

  for (const { name, answer, kind } of servers) {
    it.effect(name, () =>
      isolated(
        Effect.gen(function* () {
          const address = yield* badServer(answer)
          const { transport } = yield* endpoint
          const error = yield* Effect.flip(transport.send(address, sampleBeat()))
          assert.strictEqual(error.kind, kind)
          assert.include(error.message, address)
        })
      )
    )
  }

  it.live("a server that never answers ends with the caller's deadline, and its connection is freed", () =>
    isolated(
      Effect.gen(function* () {
        let open = 0
        const address = yield* badServer((request) => {
          open++
          request.socket.once("close", () => open--)
        })
        const { transport } = yield* endpoint
        for (let attempt = 0; attempt < 3; attempt++) {
          const reply = yield* Effect.timeoutOption(transport.send(address, sampleBeat()), "50 millis")
          assert.strictEqual(reply._tag, "None")
        }
        yield* until(() => open === 0)
      })
    )
  )

  it.effect("an address that is none", () =>
    isolated(
      Effect.gen(function* () {
        const { transport } = yield* endpoint
        for (const address of ["", "10.0.0.5:7070", "ftp://x", "http://", "javascript:alert(1)"]) {
          const error = yield* Effect.flip(transport.send(address, sampleBeat()))
          assert.strictEqual(error.kind, "bad_address", address)
          assert.include(error.message, "such as http://10.0.0.5:7070")
        }
      })
    )
  )
})

describe("the client", () => {
  it.effect("sends the configured headers and path, below the path of the address", () =>
    isolated(
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const address = yield* badServer((request, response) => {
          seen.push([
            request.method,
            request.url,
            request.headers["authorization"],
            request.headers["content-type"]
          ])
          response.end(JSON.stringify(sampleBeat()))
        })
        const layer = HttpTransport.layer({ path: "/beat", headers: { authorization: "Bearer t" } })
        const transport = Context.get(yield* Layer.build(layer), HeartbeatTransport)
        yield* transport.send(`${address}/site1/`, sampleBeat())
        assert.deepStrictEqual(seen, [["POST", "/site1/beat", "Bearer t", "application/json"]])
      })
    )
  )

  it.effect("keeps at most two connections open per peer, however many beats", () =>
    isolated(
      Effect.gen(function* () {
        const ports = new Set<number | undefined>()
        const address = yield* badServer((request, response) => {
          ports.add(request.socket.remotePort)
          request.resume().once("end", () => response.end(JSON.stringify(sampleBeat())))
        })
        const { transport } = yield* endpoint
        for (let beat = 0; beat < 20; beat++) yield* transport.send(address, sampleBeat())
        assert.isAtMost(ports.size, 2)
      })
    )
  )
})

describe("the listener", () => {
  it.effect("a port in use is an error that names the port and what to do", () =>
    isolated(
      Effect.gen(function* () {
        const { address } = yield* endpoint
        const port = Number(new URL(address).port)
        const error = yield* Effect.flip(Layer.build(HttpTransport.layerListening({ listen: { port } })))
        assert.strictEqual(error.code, "EADDRINUSE")
        assert.strictEqual(
          error.message,
          `cannot listen: port ${port} on 127.0.0.1 is in use; stop the process that holds it or configure another port`
        )
      })
    )
  )

  it.effect("an address of another machine is an error that says so", () =>
    isolated(
      Effect.gen(function* () {
        const listen = { host: "192.0.2.1", port: 0 }
        const error = yield* Effect.flip(Layer.build(HttpTransport.layerListening({ listen })))
        assert.include(error.message, "192.0.2.1 is no address of this machine")
      })
    )
  )

  it.live("a connection that agrees on no TLS is counted as dropped", () =>
    isolated(
      Effect.gen(function* () {
        const context = yield* Layer.build(HttpTransport.layerListening({ listen: { port: 0, tls: {} } }))
        const { address } = Context.get(context, HttpListener)
        yield* rawRequest(address, (write) => write("POST / HTTP/1.1\r\n\r\n"))
        const dropped = yield* metric("heartbeat_http_dropped_connections_total").pipe(
          Effect.repeat({ until: (count) => count > 0, schedule: Schedule.spaced("5 millis") })
        )
        assert.strictEqual(dropped, 1)
      })
    )
  )

  it.effect("closes with its scope, connections included", () =>
    isolated(
      Effect.gen(function* () {
        const { transport } = yield* endpoint
        const address = yield* Effect.scoped(
          Effect.gen(function* () {
            const server = yield* endpoint
            yield* server.transport.serve(() => Effect.succeed(sampleBeat()))
            assert.strictEqual((yield* transport.send(server.address, sampleBeat()))._tag, "Beat")
            return server.address
          })
        )
        assert.strictEqual((yield* Effect.flip(transport.send(address, sampleBeat()))).kind, "unreachable")
      })
    )
  )
})

const post = (url: string, body: string) =>
  Effect.promise(async () => {
    const answer = await request(url, { method: "POST", body })
    return { status: answer.statusCode, body: await answer.body.text() }
  })

/** A server on a free port that answers as told; its scope closes every connection. */
const badServer = (answer: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly address: string; readonly close: () => void }>((resume) => {
      const server = createServer(answer)
      server.listen(0, "127.0.0.1", () => {
        const bound = server.address()
        const port = typeof bound === "object" && bound !== null ? bound.port : 0
        const close = () => {
          server.close()
          server.closeAllConnections()
        }
        resume(Effect.succeed({ address: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ address }) => address))

/** Writes bytes to a listener and returns what came back until it closed the connection. */
const rawRequest = (address: string, talk: (write: (text: string) => void) => void) =>
  Effect.callback<string>((resume) => {
    let received = ""
    const socket = connect(Number(new URL(address).port), "127.0.0.1", () =>
      talk((text) => socket.write(text))
    )
    socket.on("data", (data) => (received += data.toString()))
    socket.on("error", () => undefined)
    socket.on("close", () => resume(Effect.succeed(received)))
    return Effect.sync(() => socket.destroy())
  })

const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() =>
    condition() ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), until(condition))
  )
