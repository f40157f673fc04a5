/**
 * `LeaseStore` in PostgreSQL, through the package `pg`, which is installed beside this one.
 *
 * Connect to the primary. A fail-over to a standby that lags behind takes epochs back, and with them the fencing tokens: only synchronous
 * replication keeps them rising. No session state is kept, so poolers such as PgBouncer may stand in between.
 */
import { Duration, Effect, Layer, Redacted, Schema } from "effect"
import { Pool } from "pg"

import { ProtocolViolation, Unauthorized, Unavailable } from "../ConsensusGroups.ts"
import { duration, EngineTls, untimely } from "../engine/optionFields.ts"
import { LeaseStore, type LeaseStoreError } from "../LeaseStore.ts"
import { createLeaseTable, forPostgres, type SqlStatement } from "./leaseSql.ts"
import { makeSqlLeaseStore } from "./sqlLeaseStore.ts"
import { onceDone } from "./storeCall.ts"

/** Options of the store. */
export const PostgresLeaseOptions = Schema.Struct({
  /** Where and as whom to connect, such as `postgres://user:password@host:5432/database`. */
  url: Schema.RedactedFromValue(Schema.NonEmptyString),
  /** TLS towards the server. Default: as the URL says, or none. */
  tls: Schema.optionalKey(EngineTls),
  /** Deadline of a call, connecting included. Default 2 s. */
  timeout: duration("2 seconds")
}).check(Schema.makeFilter(untimely))

/**
 * Leases in PostgreSQL's table `coterie_lease`, created when it is first needed and missing. Options that break a rule of
 * `PostgresLeaseOptions` are a defect; a server that is down at the start is none.
 */
export const layerPostgres = (
  options: (typeof PostgresLeaseOptions)["~type.make.in"]
): Layer.Layer<LeaseStore> =>
  Layer.effect(
    LeaseStore,
    Effect.suspend(() => make(PostgresLeaseOptions.make(options)))
  )

/**
 * A statement that finds a row while `token` is the epoch of a lease that is held, and none otherwise; roll back then (F3). Run it first
 * in the leader's transaction: nobody takes the lease over before the transaction ends, while renewals go on.
 */
export const leaseLock = (name: string, token: number): SqlStatement => ({
  sql: "SELECT 1 FROM coterie_lease WHERE name = $1 AND epoch = $2 AND holder IS NOT NULL FOR KEY SHARE",
  parameters: [name, token]
})

const make = Effect.fnUntraced(function* (options: typeof PostgresLeaseOptions.Type) {
  const pool = yield* openPool(options)
  const query = (statement: SqlStatement) => {
    const { parameters, sql } = forPostgres(statement)
    return Effect.tryPromise({
      try: () => pool.query<Readonly<Record<string, unknown>>>(sql, [...parameters]),
      catch: failureOf
    })
  }
  // A user who may not create tables may still use one that is there.
  const created = yield* onceDone(
    query({ sql: "SELECT to_regclass('coterie_lease') AS found", parameters: [] }).pipe(
      Effect.flatMap(({ rows: [row] }) =>
        row?.["found"] === null ? query({ sql: createLeaseTable, parameters: [] }) : Effect.void
      )
    )
  )
  return makeSqlLeaseStore({
    system: "postgres",
    timeout: options.timeout,
    find: (statement) =>
      created.pipe(
        Effect.andThen(query(statement)),
        Effect.map(({ rows: [row] }) => row)
      ),
    change: (statement) =>
      created.pipe(
        Effect.andThen(query(statement)),
        Effect.map(({ rowCount }) => rowCount === 1)
      )
  })
})

/** Two connections: a statement that waits for a lock must not keep the renewal waiting. */
const openPool = ({ timeout, tls, url }: typeof PostgresLeaseOptions.Type) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const timeoutMillis = Duration.toMillis(timeout)
      const pool = new Pool({
        connectionString: Redacted.value(url),
        application_name: "coterie-lease",
        max: 2,
        keepAlive: true,
        connectionTimeoutMillis: timeoutMillis,
        // On the server, so that a statement given up here does not wait there for a lock; and here, for a server that hangs.
        statement_timeout: timeoutMillis,
        query_timeout: timeoutMillis,
        ...(tls === undefined ? {} : { ssl: { ...tls, key: tls.key && Redacted.value(tls.key) } })
      })
      // Of an idle connection: the next statement opens a new one, and fails if it cannot.
      pool.on("error", () => {})
      return pool
    }),
    // A server that hangs must not keep the process.
    (pool) =>
      Effect.promise(() => pool.end()).pipe(
        Effect.interruptible,
        Effect.timeoutOption(timeout),
        Effect.asVoid
      )
  )

/** Classes and codes of SQLSTATE: who may connect, who may use the table, and statements that do not fit the table. */
const failureOf = (cause: unknown): LeaseStoreError["reason"] => {
  const detail = cause instanceof Error ? cause.message : String(cause)
  const state = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""
  if (state.startsWith("28") || state === "42501") return new Unauthorized({ detail })
  return state.startsWith("42") || state.startsWith("22")
    ? new ProtocolViolation({ detail })
    : new Unavailable({ detail })
}
