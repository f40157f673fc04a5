/**
 * A process that contends for a lease in a SQLite file (first argument) as a node (second one), and writes to a table beside it
 * a hundred times a second while it leads. It never checks its lease: only the guard in the file keeps its late writes out.
 */
import { argv, pid } from "node:process"
import { DatabaseSync } from "node:sqlite"

import { Duration, Effect, Layer, References, Schedule } from "effect"

import { Election, LeaderLease, LeaseElection } from "../../src/index.ts"
import { layerSqlite, leaseGuard } from "../../src/store/sqlite.ts"

const [, , path = "", self = ""] = argv

const database = new DatabaseSync(path)
database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")

const write = Effect.gen(function* () {
  const { term } = yield* LeaderLease
  const { parameters, sql } = leaseGuard("leader", term)
  database.prepare(`INSERT INTO written(token, pid) SELECT ?, ? WHERE ${sql}`).run(term, pid, ...parameters)
})

const lead = Effect.gen(function* () {
  const election = yield* Election
  const work = Effect.repeat(write, Schedule.spaced("10 millis"))
  return yield* Effect.forever(Effect.ignore(election.whileLeader(work)))
})

const options = { self, ttl: Duration.seconds(1), poll: Duration.millis(100) }
const election = LeaseElection.layer(options).pipe(Layer.provide(layerSqlite({ path })))
await Effect.runPromise(
  lead.pipe(Effect.provide(election), Effect.provideService(References.MinimumLogLevel, "None"))
)
