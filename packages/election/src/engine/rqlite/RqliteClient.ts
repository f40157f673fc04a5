/** HTTP to rqlite nodes, able to ask for four things only. */
import { type Duration, Effect, Redacted, type Scope } from "effect"

import type { RqliteAnswer } from "../../core/rqliteAnswers.ts"
import { type EngineHooks, type HttpQuestion, makeEngineHttp, type Silence } from "../EngineHttp.ts"
import type { EngineTls } from "../optionFields.ts"
import type { RqliteAuth, RqliteOptions } from "./RqliteOptions.ts"

/** Everything that the driver ever asks of rqlite; a call that changes a group's members cannot be written. */
export type RqliteRoute =
  | { readonly method: "GET"; readonly path: "/status" | "/nodes" | "/readyz" }
  | { readonly method: "POST"; readonly path: "/leader" }

/** A node's HTTP API. */
export interface RqliteEndpoint {
  readonly origin: string
  readonly auth: RqliteAuth | undefined
  readonly tls: EngineTls | undefined
}

/** What to ask. */
export type RqliteRequest = RqliteRoute & {
  /** Without the question mark. */
  readonly query?: string
  /** JSON text. */
  readonly body?: string
  readonly timeout: Duration.Duration
}

/** HTTP to rqlite nodes. */
export interface RqliteClient {
  /** Any answer, whatever its status. */
  readonly ask: (endpoint: RqliteEndpoint, request: RqliteRequest) => Effect.Effect<RqliteAnswer, Silence>
  /** Time and answer of one request over a connection that is already open; probes of one origin go one at a time. */
  readonly time: (
    endpoint: RqliteEndpoint,
    request: RqliteRequest
  ) => Effect.Effect<readonly [Duration.Duration, RqliteAnswer], Silence>
}

/** Makes the client; its connections close with the scope, unused ones after a few minutes. */
export const makeRqliteClient = (
  { responseBytesMax }: Pick<RqliteOptions, "responseBytesMax">,
  hooks: EngineHooks
): Effect.Effect<RqliteClient, never, Scope.Scope> =>
  Effect.map(makeEngineHttp({ ...hooks, engine: "rqlite", responseBytesMax }), (http) => ({
    ask: (endpoint, request) => http.ask(endpoint, question(endpoint, request)),
    time: (endpoint, request) => http.time(endpoint, question(endpoint, request))
  }))

/** `Content-Type` is exact on purpose: with a parameter such as `; charset=utf-8` rqlite ignores the target of a transfer. */
const question = ({ auth }: RqliteEndpoint, request: RqliteRequest): HttpQuestion => ({
  ...request,
  headers: {
    ...(auth === undefined ? {} : { authorization: `Basic ${basicToken(auth)}` }),
    ...(request.body === undefined ? {} : { "content-type": "application/json" })
  }
})

const basicToken = ({ password, username }: RqliteAuth): string =>
  Buffer.from(`${username}:${Redacted.value(password)}`).toString("base64")
