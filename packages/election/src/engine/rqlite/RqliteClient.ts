/**
 * HTTP to rqlite nodes: pooled, bounded in time and size, counted, and able to ask for four things only.
 *
 * No redirect is followed, so that credentials go nowhere but to the node they are for.
 */
import { Clock, Duration, Effect, Metric, RcMap, Redacted, type Scope, Semaphore } from "effect"
import { errors, Pool } from "undici"

import { ProtocolViolation, TimedOut, Unavailable } from "../../ConsensusGroups.ts"
import type { RqliteAnswer } from "../../core/rqliteAnswers.ts"
import type { RqliteAuth, RqliteOptions, RqliteTls } from "./RqliteOptions.ts"

/** Everything that the driver ever asks of rqlite; a call that changes a group's members cannot be written. */
export type RqliteRoute =
  | { readonly method: "GET"; readonly path: "/status" | "/nodes" | "/readyz" }
  | { readonly method: "POST"; readonly path: "/leader" }

/** A node's HTTP API. */
export interface RqliteEndpoint {
  readonly origin: string
  readonly auth: RqliteAuth | undefined
  readonly tls: RqliteTls | undefined
}

/** What to ask. */
export type RqliteRequest = RqliteRoute & {
  /** Without the question mark. */
  readonly query?: string
  /** JSON text. */
  readonly body?: string
  readonly timeout: Duration.Duration
}

/** Observers of the driver. */
export interface RqliteHooks {
  /** Called for each request before it is sent, with a path without its query. Must not throw. */
  readonly onRequest?: (method: string, path: string, origin: string) => void
}

/** Why a request has no answer. */
export type RqliteSilence = TimedOut | Unavailable | ProtocolViolation

/** HTTP to rqlite nodes. */
export interface RqliteClient {
  /** Any answer, whatever its status. */
  readonly ask: (
    endpoint: RqliteEndpoint,
    request: RqliteRequest
  ) => Effect.Effect<RqliteAnswer, RqliteSilence>
  /** Time and answer of one request over a connection that is already open; probes of one origin go one at a time. */
  readonly time: (
    endpoint: RqliteEndpoint,
    request: RqliteRequest
  ) => Effect.Effect<readonly [Duration.Duration, RqliteAnswer], RqliteSilence>
}

const requests = Metric.counter("rqlite_requests_total", {
  description: "Requests sent to rqlite nodes, by method and path",
  incremental: true
})

/** Makes the client; its connections close with the scope, unused ones after a few minutes. */
export const makeRqliteClient = (
  options: Pick<RqliteOptions, "responseBytesMax">,
  hooks: RqliteHooks
): Effect.Effect<RqliteClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const lines = yield* RcMap.make({
      lookup: (key: LineKey) => openLine(key, options.responseBytesMax),
      idleTimeToLive: "5 minutes",
      capacity: linesMax
    })

    const withLine = <A>(
      endpoint: RqliteEndpoint,
      purpose: LineKey["purpose"],
      use: (line: Line) => Effect.Effect<A, RqliteSilence>
    ) =>
      RcMap.get(lines, { origin: endpoint.origin, tls: endpoint.tls, purpose }).pipe(
        Effect.mapError(() => new Unavailable({ detail: `already connected to ${linesMax} rqlite nodes` })),
        Effect.flatMap(use),
        Effect.scoped
      )

    const send = Effect.fnUntraced(function* (line: Line, endpoint: RqliteEndpoint, request: RqliteRequest) {
      const { method, path } = request
      yield* Metric.update(Metric.withAttributes(requests, { method, path }), 1)
      hooks.onRequest?.(method, path, endpoint.origin)
      return yield* Effect.tryPromise({
        try: async (signal): Promise<RqliteAnswer> => {
          const { body, headers, statusCode } = await line.pool.request({
            method,
            path: request.query === undefined ? path : `${path}?${request.query}`,
            headers: headersOf(endpoint.auth, request.body),
            body: request.body ?? null,
            signal
          })
          const { location } = headers
          return {
            status: statusCode,
            body: await body.text(),
            location: typeof location === "string" ? location : undefined
          }
        },
        catch: (cause) => silenceOf(cause, endpoint.origin)
      })
    })

    return {
      ask: (endpoint, request) =>
        withLine(endpoint, "ask", (line) => send(line, endpoint, request)).pipe(within(request.timeout)),
      time: (endpoint, request) =>
        withLine(endpoint, "time", (line) =>
          line.turn.withPermits(1)(timeOne(line, send(line, endpoint, request)))
        ).pipe(within(request.timeout))
    }
  })

/** Nodes with open connections at a time; idle ones leave after minutes, so only a flood of addresses reaches it. */
const linesMax = 4096

interface LineKey {
  readonly origin: string
  readonly tls: RqliteTls | undefined
  /** Timed requests have a connection of their own, so that they never queue behind others. */
  readonly purpose: "ask" | "time"
}

interface Line {
  readonly pool: Pool
  readonly turn: Semaphore.Semaphore
  /** Connections opened so far. */
  readonly opened: () => number
}

const openLine = ({ origin, purpose, tls }: LineKey, maxResponseSize: number) =>
  Effect.acquireRelease(
    Effect.sync((): Line => {
      const pool = new Pool(origin, {
        connections: purpose === "time" ? 1 : 4,
        // HTTP/1.1 as documented; HTTP/2 would share one connection between timed and other requests.
        allowH2: false,
        keepAliveTimeout: 120_000,
        // Deadlines are Effect's; undici's own would only cut them short.
        headersTimeout: 0,
        bodyTimeout: 0,
        maxResponseSize,
        connect: tls === undefined ? {} : connectOptions(tls)
      })
      let opened = 0
      pool.on("connect", () => (opened += 1))
      return { pool, turn: Semaphore.makeUnsafe(1), opened: () => opened }
    }),
    ({ pool }) => Effect.promise(() => pool.destroy())
  )

const connectOptions = ({ ca, cert, key, rejectUnauthorized, servername }: RqliteTls) => ({
  rejectUnauthorized,
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key: Redacted.value(key) }),
  ...(servername === undefined ? {} : { servername })
})

/** Times the request; a first one that had to connect only warms the connection and is sent again. */
const timeOne = (line: Line, send: Effect.Effect<RqliteAnswer, RqliteSilence>) =>
  Effect.gen(function* () {
    const openedBefore = line.opened()
    const first = yield* timed(send)
    return line.opened() === openedBefore ? first : yield* timed(send)
  })

const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const startNanos = yield* Clock.monotonicTimeNanos
    const value = yield* effect
    const endNanos = yield* Clock.monotonicTimeNanos
    return [Duration.nanos(endNanos - startNanos), value] as const
  })

const within =
  (timeout: Duration.Duration) =>
  <A>(effect: Effect.Effect<A, RqliteSilence>) =>
    Effect.timeoutOrElse(effect, {
      duration: timeout,
      orElse: () => Effect.fail(new TimedOut({ afterMillis: Duration.toMillis(timeout) }))
    })

/** `Content-Type` is exact on purpose: with a parameter such as `; charset=utf-8` rqlite ignores the target of a transfer. */
const headersOf = (auth: RqliteAuth | undefined, body: string | undefined): Record<string, string> => ({
  ...(auth === undefined ? {} : { authorization: `Basic ${basicToken(auth)}` }),
  ...(body === undefined ? {} : { "content-type": "application/json" })
})

const basicToken = ({ password, username }: RqliteAuth): string =>
  Buffer.from(`${username}:${Redacted.value(password)}`).toString("base64")

const silenceOf = (cause: unknown, origin: string): RqliteSilence => {
  const detail = `${origin}: ${causeText(cause)}`
  return violations.some((violation) => cause instanceof violation)
    ? new ProtocolViolation({ detail })
    : new Unavailable({ detail })
}

/** Failures that are the other side's doing: it speaks, but no HTTP that we accept. */
const violations = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseExceededMaxSizeError]

/** An error of several connection attempts has a code and no message. */
const causeText = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message === "" && "code" in cause ? String(cause.code) : cause.message
}
