/**
 * The sending side of the HTTP transport: one small connection pool per origin, and a bounded number of
 * pools.
 */
import { Effect, type Scope } from "effect"
import { type buildConnector, Pool } from "undici"

import { type HeartbeatReply, messageBytesMax } from "../HeartbeatMessage.ts"
import { type HeartbeatTransport, TransportError } from "../HeartbeatTransport.ts"
import { decodeReply, encodeRequest } from "../messageCodec.ts"

/** Options of the sending side. */
export interface HttpClientOptions {
  /** Path of heartbeat requests below each address. Default `/coterie/heartbeat`. */
  readonly path?: string | undefined
  /** Extra headers of every request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** TLS options for `https` addresses: `ca`, `cert`, `key`, `servername` and so on. */
  readonly tls?: Partial<buildConnector.BuildOptions> | undefined
}

/** Path of heartbeat requests unless configured. */
export const defaultPath = "/coterie/heartbeat"

/** Most peers with open connections; the one used longest ago is closed first. */
const poolsMax = 128

/** Connections per peer: one for beats, one for a call that takes long. */
const connectionsPerPeer = 2

const connectTimeoutMillis = 5_000

/** Sends requests over HTTP; connections close with the scope. */
export const makeHttpSend = Effect.fnUntraced(function* (
  options: HttpClientOptions
): Effect.fn.Return<HeartbeatTransport["Service"]["send"], never, Scope.Scope> {
  const poolOf = yield* makePools(options)
  const path = options.path ?? defaultPath

  return Effect.fnUntraced(function* (address, request, limits) {
    const fail = (kind: TransportError["kind"], detail: string) =>
      new TransportError({ address, kind, detail })
    const url = URL.parse(address)
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return yield* fail("bad_address", "an address is a URL such as http://10.0.0.5:7070")
    }
    const body = yield* Effect.mapError(encodeRequest(request), (error) => fail("bad_message", error.message))
    if (Buffer.byteLength(body) > messageBytesMax) {
      return yield* fail("too_large", `a request has at most ${messageBytesMax} bytes`)
    }
    const text = yield* Effect.tryPromise({
      try: (signal) =>
        exchange(poolOf(url.origin), {
          path: `${url.pathname.replace(/\/$/, "")}${path}`,
          headers: { ...options.headers, "content-type": "application/json" },
          body,
          signal,
          bytesMax: limits?.replyBytesMax ?? messageBytesMax
        }),
      catch: (cause) => fail("unreachable", explain(cause))
    })
    if (text === undefined) return yield* fail("too_large", "the reply exceeds the limit")
    return yield* readReply(text, fail)
  })
})

const readReply = (
  { status, text }: { readonly status: number; readonly text: string },
  fail: (kind: "unreadable", detail: string) => TransportError
): Effect.Effect<HeartbeatReply, TransportError> =>
  Effect.mapError(decodeReply(text), (detail) => fail("unreadable", `HTTP ${status}: ${detail}`))

interface Exchange {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly signal: AbortSignal
  readonly bytesMax: number
}

/** Posts and reads the whole answer, or undefined as soon as it exceeds the limit. */
const exchange = async (pool: Pool, { bytesMax, ...request }: Exchange) => {
  const { statusCode, body } = await pool.request({ ...request, method: "POST" })
  const chunks: Array<Buffer> = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return { status: statusCode, text: Buffer.concat(chunks).toString() }
}

/** Pools by origin, in order of last use. */
const makePools = (options: HttpClientOptions) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Map<string, Pool>()),
      (pools) => Effect.promise(() => Promise.allSettled([...pools.values()].map((pool) => pool.destroy())))
    ),
    (pools) =>
      (origin: string): Pool => {
        const pool =
          pools.get(origin) ??
          new Pool(origin, {
            connections: connectionsPerPeer,
            allowH2: false,
            connect: { ...options.tls, timeout: connectTimeoutMillis }
          })
        pools.delete(origin)
        pools.set(origin, pool)
        if (pools.size > poolsMax) evictOldest(pools)
        return pool
      }
  )

const evictOldest = (pools: Map<string, Pool>): void => {
  const oldest = pools.entries().next().value
  if (oldest === undefined) return
  pools.delete(oldest[0])
  oldest[1].close(() => undefined)
}

const explain = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  return "code" in cause && typeof cause.code === "string"
    ? `${cause.message} (${cause.code})`
    : cause.message
}
