/** A lease store over any SQL database that runs one statement at a time, each whole or not at all. */
import { type Duration, Effect } from "effect"

import { LeaseStore, type LeaseStoreError } from "../LeaseStore.ts"
import {
  readLease,
  readLeaseRow,
  releaseLease,
  renewLease,
  type SqlStatement,
  takeLeaseOver
} from "./leaseSql.ts"
import { makeStoreCall } from "./storeCall.ts"

/** What a database does for leases; the table is there when it is asked. */
export interface LeaseDatabase {
  readonly system: string
  /** Deadline of a call. */
  readonly timeout: Duration.Duration
  /** The row that a statement finds, undefined for none. */
  find(statement: SqlStatement): Effect.Effect<unknown, LeaseStoreError["reason"]>
  /** Whether a statement changed a row. */
  change(statement: SqlStatement): Effect.Effect<boolean, LeaseStoreError["reason"]>
}

/** The store in this database. */
export const makeSqlLeaseStore = (database: LeaseDatabase): LeaseStore["Service"] => {
  const during = makeStoreCall(database.system, database.timeout)
  return LeaseStore.of({
    system: database.system,
    read: (name) => database.find(readLease(name)).pipe(Effect.flatMap(readLeaseRow), during("read")),
    takeOver: (name, claim) =>
      database.change(takeLeaseOver(name, claim)).pipe(
        Effect.map((taken) => (taken ? claim.epochMin : undefined)),
        during("takeOver")
      ),
    renew: (name, by) => database.change(renewLease(name, by)).pipe(during("renew")),
    release: (name, by) => database.change(releaseLease(name, by)).pipe(during("release"))
  })
}
