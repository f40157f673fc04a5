/** `PromiseStore` in a SQLite database (WAL, synchronous = FULL), which several elections and several processes may share. */
import { DatabaseSync } from "node:sqlite"

import { Effect, Layer, Schema } from "effect"

import { PromisedEpoch, PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"

const decodeRow = Schema.decodeUnknownSync(Schema.UndefinedOr(Schema.Struct({ promised: PromisedEpoch })))

/** How long a call waits for another writer. The call blocks the process, so it is far below any lease. */
const busyMillisMax = 200

/** The promised epoch as a row of a table. */
export const SqlitePromiseStore = {
  /**
   * Keeps the promise of `node` in the database file at `path`, in table `lease_promise`. Fails with `PromiseStoreFailed` when the file
   * cannot be opened; a database that another writer holds for more than 200 ms fails the call.
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
    attempt("load", () => new DatabaseSync(path, { timeout: busyMillisMax })),
    (open) => Effect.sync(() => open.close())
  )
  const { select, upsert } = yield* attempt("load", () => prepare(database))
  return PromiseStore.of({
    load: attempt("load", () => decodeRow(select.get(node))?.promised ?? 0),
    save: (promised) => Effect.asVoid(attempt("save", () => upsert.run(node, promised)))
  })
})

const prepare = (database: DatabaseSync) => {
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  database.exec(
    "CREATE TABLE IF NOT EXISTS lease_promise(node TEXT PRIMARY KEY, promised INTEGER NOT NULL) STRICT"
  )
  return {
    select: database.prepare("SELECT promised FROM lease_promise WHERE node = ?"),
    upsert: database.prepare(
      "INSERT INTO lease_promise(node, promised) VALUES(?, ?) ON CONFLICT(node) DO UPDATE SET promised = max(promised, excluded.promised)"
    )
  }
}
