import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

import { HeartbeatTransport } from "../../src/index.ts"
import { sampleBeat } from "../../src/testing/index.ts"
import { HttpListener, HttpTransport } from "../../src/transport/http.ts"
import { isolated } from "../support/isolated.ts"
import { metric } from "../support/metric.ts"

/** A key and a certificate for 127.0.0.1 that signs itself, or undefined without the openssl program. */
const selfSigned = () => {
  const folder = mkdtempSync(join(tmpdir(), "coterie-tls-"))
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const request = ["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=coterie", "-newkey", "ec"]
  const names = ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-addext", "subjectAltName=IP:127.0.0.1"]
  try {
    execFileSync(process.env["OPENSSL"] ?? "openssl", [...request, ...names, "-keyout", key, "-out", cert], {
      stdio: "ignore"
    })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const identity = selfSigned()

describe("HttpTransport over TLS", () => {
  it.live.skipIf(identity === undefined)(
    "trusts a peer by the given authority, and nobody else (needs openssl)",
    () =>
      Effect.gen(function* () {
        const { key, cert } = identity ?? { key: "", cert: "" }
        const server = yield* Layer.build(
          HttpTransport.layerListening({ listen: { port: 0, tls: { key, cert } } })
        )
        yield* Context.get(server, HeartbeatTransport).serve(() => Effect.succeed(sampleBeat({ pong: 1 })))
        const { address } = Context.get(server, HttpListener)
        assert.match(address, /^https:/)
        const trusting = Context.get(
          yield* Layer.build(HttpTransport.layer({ tls: { ca: cert } })),
          HeartbeatTransport
        )
        assert.deepStrictEqual(yield* trusting.send(address, sampleBeat()), sampleBeat({ pong: 1 }))
        const wary = Context.get(yield* Layer.build(HttpTransport.layer()), HeartbeatTransport)
        const error = yield* Effect.flip(wary.send(address, sampleBeat()))
        assert.strictEqual(error.kind, "unreachable")
        assert.include(error.message, "certificate")
        const dropped = metric("heartbeat_http_dropped_connections_total")
        yield* Effect.repeat(Effect.andThen(Effect.sleep("5 millis"), dropped), {
          until: (count) => count > 0
        })
      }).pipe(isolated)
  )
})
