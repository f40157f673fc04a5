/**
 * `LeaseStore` in rqlite, version 8.41 or newer: each change is one conditional statement in one request, each reading is linearizable.
 *
 * Users need the permissions `execute` and `query`.
 */
import { Effect, Layer, Redacted, Result, Schema } from "effect"

import { ProtocolViolation, Unauthorized, Unavailable } from "../ConsensusGroups.ts"
import { type HttpAnswer, makeEngineHttp, type Silence } from "../engine/EngineHttp.ts"
import { duration, EngineOrigin, EngineTls, untimely } from "../engine/optionFields.ts"
import { RqliteAuth } from "../engine/rqlite/RqliteOptions.ts"
import { LeaseStore, type LeaseStoreError } from "../LeaseStore.ts"
import { makeEndpoints } from "./endpoints.ts"
import { createLeaseTable, type SqlStatement } from "./leaseSql.ts"
import { makeSqlLeaseStore } from "./sqlLeaseStore.ts"
import { onceDone } from "./storeCall.ts"

export { leaseGuard } from "./leaseSql.ts"

/** Options of the store. */
export const RqliteLeaseOptions = Schema.Struct({
  /** Nodes of the cluster, 1 to 32; each forwards to the leader. The first is asked until it fails, then the next. */
  urls: Schema.NonEmptyArray(EngineOrigin).check(Schema.isMaxLength(32)),
  /** Credentials for all nodes. */
  auth: Schema.optionalKey(RqliteAuth),
  /** TLS towards `https` nodes. */
  tls: Schema.optionalKey(EngineTls),
  /** Deadline of a call. Default 2 s. */
  timeout: duration("2 seconds")
}).check(Schema.makeFilter(untimely))

/**
 * Leases in rqlite's table `coterie_lease`, created when it is first needed. Options that break a rule of `RqliteLeaseOptions` are a
 * defect; a cluster that is down at the start is none.
 */
export const layerRqlite = (options: (typeof RqliteLeaseOptions)["~type.make.in"]): Layer.Layer<LeaseStore> =>
  Layer.effect(
    LeaseStore,
    Effect.suspend(() => make(RqliteLeaseOptions.make(options)))
  )

const make = Effect.fnUntraced(function* (options: typeof RqliteLeaseOptions.Type) {
  const { execute, query } = yield* makeSql(options)
  const created = yield* onceDone(execute({ sql: createLeaseTable, parameters: [] }))
  return makeSqlLeaseStore({
    system: "rqlite",
    timeout: options.timeout,
    find: (statement) =>
      created.pipe(
        Effect.andThen(query(statement)),
        Effect.map(([row]) => row)
      ),
    change: (statement) =>
      created.pipe(
        Effect.andThen(execute(statement)),
        Effect.map((rows) => rows === 1)
      )
  })
})

type Failure = LeaseStoreError["reason"]

/** Statements by HTTP, one to a request. */
const makeSql = Effect.fnUntraced(function* ({ auth, timeout, tls, urls }: typeof RqliteLeaseOptions.Type) {
  const http = yield* makeEngineHttp({ engine: "rqlite", responseBytesMax: 65_536 })
  const atNode = makeEndpoints(urls)
  const ask = (path: string, query: string, { parameters, sql }: SqlStatement) =>
    atNode((origin) =>
      http
        .ask(
          { origin, tls },
          {
            method: "POST",
            path,
            query,
            headers: {
              "content-type": "application/json",
              ...(auth === undefined ? {} : { authorization: `Basic ${basicToken(auth)}` })
            },
            body: JSON.stringify([[sql, ...parameters]]),
            timeout
          }
        )
        .pipe(
          Effect.mapError((silence: Silence): Failure => silence),
          Effect.flatMap(readResult)
        )
    )
  return {
    /** Rows changed. */
    execute: (statement: SqlStatement) =>
      Effect.map(ask("/db/execute", "", statement), ({ rows_affected }) => rows_affected ?? 0),
    /** Rows found. */
    query: (statement: SqlStatement) =>
      Effect.map(ask("/db/query", "level=linearizable&associative", statement), ({ rows }) => rows ?? [])
  }
})

const basicToken = ({ password, username }: RqliteAuth): string =>
  Buffer.from(`${username}:${Redacted.value(password)}`).toString("base64")

const StatementResult = Schema.Struct({
  error: Schema.optionalKey(Schema.String),
  rows_affected: Schema.optionalKey(Schema.Int),
  rows: Schema.optionalKey(Schema.Array(Schema.Unknown).check(Schema.isMaxLength(1)))
})
const Reply = Schema.Struct({
  /** Of the request as a whole. */
  error: Schema.optionalKey(Schema.String),
  results: Schema.Array(StatementResult).check(Schema.isMaxLength(1))
})
const decodeReply = Schema.decodeUnknownResult(Schema.fromJsonString(Reply))

const readResult = ({ body, status }: HttpAnswer): Effect.Effect<typeof StatementResult.Type, Failure> => {
  if (status === 401 || status === 403) {
    return Effect.fail(new Unauthorized({ detail: `it answered ${status}; execute and query are needed` }))
  }
  // Without a leader rqlite answers 500 or 503 with plain text.
  if (status !== 200)
    return Effect.fail(new Unavailable({ detail: `it answered ${status} ${excerpt(body)}` }))
  const reply = decodeReply(body)
  if (Result.isFailure(reply)) return Effect.fail(new ProtocolViolation({ detail: reply.failure.message }))
  const { error, results } = reply.success
  if (error !== undefined) return Effect.fail(new Unavailable({ detail: excerpt(error) }))
  const [result] = results
  if (result?.error !== undefined)
    return Effect.fail(new ProtocolViolation({ detail: excerpt(result.error) }))
  return result === undefined
    ? Effect.fail(new ProtocolViolation({ detail: "no result" }))
    : Effect.succeed(result)
}

const excerpt = (text: string): string => text.slice(0, 200).trim()
