/** `PromiseStore` in a SQLite database (WAL, synchronous = FULL), which several elections and several processes may share. */
import { DatabaseSync } from "node:sqlite"

import { Effect, Layer, Schema } from "effect"

import { PromisedEpoch, PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"

const decodeRow = Schema.decodeUnknownSync(Schema.UndefinedOr(Schema.Struct({ promised: PromisedEpoch })))

/** The promised epoch as a row of a table. */
export const SqlitePromiseStore = {
  /**
   * Keeps the promise of `node` in the database file at `path`, in table `lease_promise`. Fails with `PromiseStoreFailed` when the file
   * cannot be opened; a busy database is waited for, 5 s at most.
   */
  layer: (options: {
    readonly path: string
    readonly node: string
  }): Layer.Layer<PromiseStore, PromiseStoreFailed> => Layer.effect(PromiseStore, make(options))
}

const make = Effect.fnUntraced(function* ({ node, path }: { readonly path: string; readonly node: string }) {
  const attempt = <A>(operation: "load" | "save", run: () => A) =>
    Effect.try({ try: run, catch: (cause) => new PromiseStoreFailed({ operation, location: path, cause }) })
  const database = yield* Effect.acquireRelease(
    attempt("load", () => openDatabase(path)),
    (open) => Effect.sync(() => open.close())
  )
  const select = database.prepare("SELECT promised FROM lease_promise WHERE node = ?")
  const upsert = database.prepare(
    "INSERT INTO lease_promise(node, promised) VALUES(?, ?) ON CONFLICT(node) DO UPDATE SET promised = max(promised, excluded.promised)"
  )
  return PromiseStore.of({
    load: attempt("load", () => decodeRow(select.get(node))?.promised ?? 0),
    save: (promised) => Effect.asVoid(attempt("save", () => upsert.run(node, promised)))
  })
})

const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path)
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec(
    "CREATE TABLE IF NOT EXISTS lease_promise(node TEXT PRIMARY KEY, promised INTEGER NOT NULL) STRICT"
  )
  return database
}
