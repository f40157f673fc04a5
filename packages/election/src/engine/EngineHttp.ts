/**
 * HTTP to an engine's nodes: pooled, bounded in time and size, and counted. Which calls there are is for the driver's own client to say.
 *
 * No redirect is followed, so that credentials go nowhere but to the node they are for.
 */
import { Clock, Duration, Effect, Metric, RcMap, Redacted, type Scope, Semaphore } from "effect"
import { errors, Pool } from "undici"

import { ProtocolViolation, TimedOut, Unavailable } from "../ConsensusGroups.ts"
import type { EngineTls } from "./optionFields.ts"

/** A node's HTTP API. */
export interface HttpNode {
  readonly origin: string
  readonly tls: EngineTls | undefined
}

/** What to ask. */
export interface HttpQuestion {
  readonly method: "GET" | "POST"
  readonly path: string
  /** Without the question mark. */
  readonly query?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeout: Duration.Duration
}

/** Any answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** The `Location` header of a redirect. */
  readonly location?: string | undefined
}

/** Observers of a driver. */
export interface EngineHooks {
  /** Called for each request before it is sent, with a path without its query. Must not throw. */
  readonly onRequest?: (method: string, path: string, origin: string) => void
}

/** Why a question has no answer. */
export type Silence = TimedOut | Unavailable | ProtocolViolation

/** HTTP to an engine's nodes. */
export interface EngineHttp {
  readonly ask: (node: HttpNode, question: HttpQuestion) => Effect.Effect<HttpAnswer, Silence>
  /** Time and answer of one request over a connection that is already open; timed requests to one origin go one at a time. */
  readonly time: (
    node: HttpNode,
    question: HttpQuestion
  ) => Effect.Effect<readonly [Duration.Duration, HttpAnswer], Silence>
}

/** Which engine, for metrics and errors, and how large an answer may be. */
export interface EngineHttpOptions extends EngineHooks {
  readonly engine: string
  readonly responseBytesMax: number
}

/** Makes the client; its connections close with the scope, unused ones after a few minutes. */
export const makeEngineHttp = (options: EngineHttpOptions): Effect.Effect<EngineHttp, never, Scope.Scope> =>
  Effect.gen(function* () {
    const requests = Metric.counter(`${options.engine}_requests_total`, {
      description: `Requests sent to ${options.engine} nodes, by method and path`,
      incremental: true
    })
    const lines = yield* RcMap.make({
      lookup: (key: LineKey) => openLine(key, options.responseBytesMax),
      idleTimeToLive: "5 minutes",
      capacity: linesMax
    })

    const withLine = <A>(
      { origin, tls }: HttpNode,
      purpose: LineKey["purpose"],
      use: (line: Line) => Effect.Effect<A, Silence>
    ) =>
      RcMap.get(lines, { origin, tls, purpose }).pipe(
        Effect.mapError(
          () => new Unavailable({ detail: `already connected to ${linesMax} ${options.engine} nodes` })
        ),
        Effect.flatMap(use),
        Effect.scoped
      )

    const send = Effect.fnUntraced(function* (line: Line, { origin }: HttpNode, question: HttpQuestion) {
      const { method, path } = question
      yield* Metric.update(Metric.withAttributes(requests, { method, path }), 1)
      options.onRequest?.(method, path, origin)
      return yield* exchange(line, origin, question)
    })

    return {
      ask: (node, question) =>
        withLine(node, "ask", (line) => send(line, node, question)).pipe(within(question.timeout)),
      time: (node, question) =>
        withLine(node, "time", (line) =>
          line.turn.withPermits(1)(timeOne(line, send(line, node, question)))
        ).pipe(within(question.timeout))
    }
  })

/** Fails with `TimedOut` when the effect takes longer. */
export const within =
  (timeout: Duration.Duration) =>
  <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | TimedOut> =>
    Effect.timeoutOrElse(effect, {
      duration: timeout,
      orElse: () => Effect.fail(new TimedOut({ afterMillis: Duration.toMillis(timeout) }))
    })

/** The value, and how long it took. */
export const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const startNanos = yield* Clock.monotonicTimeNanos
    const value = yield* effect
    const endNanos = yield* Clock.monotonicTimeNanos
    return [Duration.nanos(endNanos - startNanos), value] as const
  })

/** Nodes with open connections at a time; idle ones leave after minutes, so only a flood of addresses reaches it. */
const linesMax = 4096

interface LineKey {
  readonly origin: string
  readonly tls: EngineTls | undefined
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

const connectOptions = ({ ca, cert, key, rejectUnauthorized, servername }: EngineTls) => ({
  rejectUnauthorized,
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key: Redacted.value(key) }),
  ...(servername === undefined ? {} : { servername })
})

const exchange = ({ pool }: Line, origin: string, question: HttpQuestion) =>
  Effect.tryPromise({
    try: async (signal): Promise<HttpAnswer> => {
      const { body, headers, statusCode } = await pool.request({
        method: question.method,
        path: question.query === undefined ? question.path : `${question.path}?${question.query}`,
        headers: question.headers,
        body: question.body ?? null,
        signal
      })
      const { location } = headers
      return {
        status: statusCode,
        body: await body.text(),
        location: typeof location === "string" ? location : undefined
      }
    },
    catch: (cause) => silenceOf(cause, origin)
  })

/** Times the request; a first one that had to connect only warms the connection and is sent again. */
const timeOne = (line: Line, send: Effect.Effect<HttpAnswer, Silence>) =>
  Effect.gen(function* () {
    const openedBefore = line.opened()
    const first = yield* timed(send)
    return line.opened() === openedBefore ? first : yield* timed(send)
  })

const silenceOf = (cause: unknown, origin: string): Silence => {
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
