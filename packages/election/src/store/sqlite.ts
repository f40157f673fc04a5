/**
 * `LeaseStore` in a SQLite file (WAL, synchronous = FULL), shared by processes on one machine.
 *
 * Not for network file systems, whose locks and shared memory SQLite cannot rely on. A process that is stopped in the middle of a write
 * keeps the file locked: until it goes on, or ends, nobody leads.
 */
import { DatabaseSync } from "node:sqlite"

import { Data, Duration, Effect, Layer, Schedule, Schema } from "effect"

import { ProtocolViolation, Unavailable } from "../ConsensusGroups.ts"
import { duration, untimely } from "../engine/optionFields.ts"
import { LeaseStore, type LeaseStoreError } from "../LeaseStore.ts"
import { createLeaseTable } from "./leaseSql.ts"
import { makeSqlLeaseStore } from "./sqlLeaseStore.ts"
import { makeStoreCall } from "./storeCall.ts"

export { leaseGuard } from "./leaseSql.ts"

/** Options of the store. */
export const SqliteLeaseOptions = Schema.Struct({
  /** The database file; it may hold other tables, such as those that the leader writes. Leases are in `coterie_lease`. */
  path: Schema.NonEmptyString,
  /** Deadline of a call; a database that is busy is tried again until then. Default 2 s. */
  timeout: duration("2 seconds")
}).check(Schema.makeFilter(untimely))

/** Leases in a SQLite file; fails when the file cannot be opened. Options that break a rule of `SqliteLeaseOptions` are a defect. */
export const layerSqlite = (
  options: (typeof SqliteLeaseOptions)["~type.make.in"]
): Layer.Layer<LeaseStore, LeaseStoreError> =>
  Layer.effect(
    LeaseStore,
    Effect.suspend(() => make(SqliteLeaseOptions.make(options)))
  )

const make = Effect.fnUntraced(function* ({ path, timeout }: typeof SqliteLeaseOptions.Type) {
  const database = yield* Effect.acquireRelease(
    attempt(() => openDatabase(path)).pipe(makeStoreCall("sqlite", timeout)("open")),
    (open) => Effect.sync(() => open.close())
  )
  return makeSqlLeaseStore({
    system: "sqlite",
    timeout,
    find: ({ parameters, sql }) => attempt(() => database.prepare(sql).get(...parameters)),
    change: ({ parameters, sql }) =>
      attempt(() => Number(database.prepare(sql).run(...parameters).changes) === 1)
  })
})

/** Calls block the process, so SQLite itself waits only a moment for a lock; the rest of the waiting is not done in SQLite. */
const busyTimeoutMillis = 20

const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path)
  try {
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMillis}; PRAGMA journal_mode = WAL`)
    // An epoch that a power cut took back would be given out twice.
    database.exec("PRAGMA synchronous = FULL")
    database.exec(createLeaseTable)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** Runs a statement; while the database is busy, again and again. */
const attempt = <A>(run: () => A): Effect.Effect<A, Unavailable | ProtocolViolation> =>
  Effect.try({ try: run, catch: sqliteFailed }).pipe(
    Effect.retry({
      while: ({ code }) => code === codes.busy,
      schedule: Schedule.jittered(Schedule.spaced(Duration.millis(20)))
    }),
    Effect.mapError(({ code, detail }) =>
      foreign.has(code) ? new ProtocolViolation({ detail }) : new Unavailable({ detail })
    )
  )

/** What SQLite says of a statement that failed. */
class SqliteFailed extends Data.TaggedError("SqliteFailed")<{
  /** Primary result code: the low byte of `errcode`. */
  readonly code: number
  readonly detail: string
}> {}

const sqliteFailed = (cause: unknown): SqliteFailed => {
  const code =
    cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode : 0
  return new SqliteFailed({
    code: code & 0xff,
    detail: cause instanceof Error ? cause.message : String(cause)
  })
}

const codes = { error: 1, busy: 5, corrupt: 11, notADatabase: 26 } as const

/** The file, or the table in it, is not one that a lease store made. */
const foreign: ReadonlySet<number> = new Set([codes.error, codes.corrupt, codes.notADatabase])
