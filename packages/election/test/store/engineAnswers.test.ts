import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"

import { LeaseStore } from "../../src/index.ts"
import { layerEtcd } from "../../src/store/etcd.ts"
import { layerRqlite } from "../../src/store/rqlite.ts"

/** An HTTP server that answers everything with this, or never; gone with the scope. */
const serving = (answer: { readonly status: number; readonly body: string } | undefined) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const server = createServer((_, response) => {
          if (answer !== undefined) response.writeHead(answer.status).end(answer.body)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

const stores = { rqlite: layerRqlite, etcd: layerEtcd }
const timeout = Duration.millis(300)

const readFrom = (store: Layer.Layer<LeaseStore>) =>
  Effect.flatMap(Layer.build(store), (context) => Context.get(context, LeaseStore).read("x"))

const garbage: ReadonlyArray<readonly [reason: string, status: number, body: string]> = [
  ["ProtocolViolation", 200, ""],
  ["ProtocolViolation", 200, "not JSON"],
  ["ProtocolViolation", 200, "[]"],
  ["ProtocolViolation", 200, `{"results":[{"rows":"none"}],"kvs":[{"create_revision":-1}]}`],
  [
    "ProtocolViolation",
    200,
    `{"results":[{"error":"no such column"}],"kvs":[{"create_revision":"1","version":"1","value":"eA=="}]}`
  ],
  ["ProtocolViolation", 200, `{"results":[{},{}],"kvs":[{},{}]}`],
  ["ProtocolViolation", 200, " ".repeat(100_000)],
  ["Unauthorized", 401, "Unauthorized"],
  ["Unavailable", 503, "leader not found"]
]

for (const [engine, layerOf] of Object.entries(stores)) {
  describe(`answers of ${engine}`, () => {
    for (const [reason, status, body] of garbage) {
      it.live(`${status} ${body.slice(0, 40).trim()} is ${reason}`, () =>
        Effect.gen(function* () {
          const url = yield* serving({ status, body })
          const error = yield* Effect.flip(readFrom(layerOf({ urls: [url], timeout })))
          assert.strictEqual(error.reason._tag, reason, error.message)
          assert.isBelow(error.message.length, 2000)
        })
      )
    }

    it.live("a node that never answers is given up at the deadline, and the next call goes to another", () =>
      Effect.gen(function* () {
        const mute = yield* serving(undefined)
        const sick = yield* serving({ status: 503, body: "leader not found" })
        const context = yield* Layer.build(layerOf({ urls: [mute, sick], timeout }))
        const read = Context.get(context, LeaseStore).read("x")
        assert.strictEqual((yield* Effect.flip(read)).reason._tag, "TimedOut")
        assert.strictEqual((yield* Effect.flip(read)).reason._tag, "Unavailable")
        assert.strictEqual((yield* Effect.flip(read)).reason._tag, "TimedOut")
      })
    )
  })
}
