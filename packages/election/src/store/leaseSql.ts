/**
 * Leases as rows of a SQL table, for SQLite, rqlite and PostgreSQL alike: each statement is a whole compare-and-set.
 *
 * Never delete a row: it keeps the epoch. Parameters are written `?1`, `?2`; see `forPostgres`.
 */
import { Effect, Schema } from "effect"

import { ProtocolViolation } from "../ConsensusGroups.ts"
import type { Lease } from "../core/leaseContenderState.ts"
import type { Holder, TakeOver } from "../LeaseStore.ts"

/** A value that every SQL database knows. */
export type SqlValue = string | number | null

/** A statement with its parameters. */
export interface SqlStatement {
  readonly sql: string
  readonly parameters: ReadonlyArray<SqlValue>
}

/** Creates the table; does nothing when it is there. The second key has PostgreSQL tell a take-over from a renewal: see `leaseLock`. */
export const createLeaseTable = `CREATE TABLE IF NOT EXISTS coterie_lease(
  name TEXT PRIMARY KEY,
  holder TEXT,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  ttl_millis BIGINT NOT NULL,
  UNIQUE(name, epoch)
)`

/** Reads a row, of which `readLeaseRow` makes a lease. */
export const readLease = (name: string): SqlStatement => ({
  sql: "SELECT holder, epoch, seq, ttl_millis FROM coterie_lease WHERE name = ?1",
  parameters: [name]
})

/** Changes one row when the lease is as supposed, else none. */
export const takeLeaseOver = (name: string, { epochMin, from, holder, ttlMillis }: TakeOver): SqlStatement =>
  from === undefined
    ? {
        sql: `INSERT INTO coterie_lease(name, holder, epoch, seq, ttl_millis) VALUES(?1, ?2, ?3, 1, ?4)
              ON CONFLICT(name) DO NOTHING`,
        parameters: [name, holder, epochMin, ttlMillis]
      }
    : {
        sql: `UPDATE coterie_lease SET holder = ?2, epoch = ?3, seq = 1, ttl_millis = ?4
              WHERE name = ?1 AND epoch = ?5 AND seq = ?6 AND epoch < ?3`,
        parameters: [name, holder, epochMin, ttlMillis, from.epoch, from.seq]
      }

/** Changes one row when the holder holds the lease, else none. */
export const renewLease = (name: string, { epoch, holder }: Holder): SqlStatement => ({
  sql: "UPDATE coterie_lease SET seq = seq + 1 WHERE name = ?1 AND holder = ?2 AND epoch = ?3",
  parameters: [name, holder, epoch]
})

/** Changes one row when the holder holds the lease, else none. */
export const releaseLease = (name: string, { epoch, holder }: Holder): SqlStatement => ({
  sql: "UPDATE coterie_lease SET seq = seq + 1, holder = NULL WHERE name = ?1 AND holder = ?2 AND epoch = ?3",
  parameters: [name, holder, epoch]
})

/**
 * A condition that holds while `token` is the epoch of the lease and the lease is not released, to be put behind `WHERE` or `AND` of a
 * statement in the same database, with `?` for its two parameters (F3). Then a deposed leader's statement changes no row.
 */
export const leaseGuard = (name: string, token: number): SqlStatement => ({
  sql: "EXISTS(SELECT 1 FROM coterie_lease WHERE name = ? AND epoch = ? AND holder IS NOT NULL)",
  parameters: [name, token]
})

/** The same statement with PostgreSQL's `$1` for `?1`. */
export const forPostgres = ({ parameters, sql }: SqlStatement): SqlStatement => ({
  sql: sql.replaceAll(/\?(\d)/g, "$$$1"),
  parameters
})

/** Whole numbers as numbers, or as text where 64 bits may not fit a number. */
const Count = Schema.Union([Schema.Int, Schema.FiniteFromString]).check(
  Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
)
const Row = Schema.Struct({
  holder: Schema.NullOr(Schema.String.check(Schema.isMaxLength(512))),
  epoch: Count,
  seq: Count,
  ttl_millis: Count.check(Schema.isBetween({ minimum: 1, maximum: 86_400_000 }))
})
const decodeRow = Schema.decodeUnknownEffect(Schema.UndefinedOr(Row))

/** The lease in a row that `readLease` found; undefined for no row. */
export const readLeaseRow = (row: unknown): Effect.Effect<Lease | undefined, ProtocolViolation> =>
  decodeRow(row).pipe(
    Effect.map((found) =>
      found === undefined
        ? undefined
        : {
            holder: found.holder ?? undefined,
            epoch: found.epoch,
            seq: found.seq,
            ttlMillis: found.ttl_millis
          }
    ),
    Effect.mapError(({ message }) => new ProtocolViolation({ detail: `a row of coterie_lease: ${message}` }))
  )
