import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, type Layer } from "effect"

import { FilePromiseStore, PromiseStore, PromiseStoreFailed, SqlitePromiseStore } from "../src/index.ts"
import { promiseStoreContract } from "../src/testing/index.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

type StoreLayer = Layer.Layer<PromiseStore, PromiseStoreFailed>

/** A store in a folder that need not exist yet. */
const stores: Readonly<Record<string, (folder: string) => StoreLayer>> = {
  memory: () => PromiseStore.layerMemory,
  file: (folder) => FilePromiseStore.layer(join(folder, "deep", "er", "promise.json")),
  SQLite: (folder) => SqlitePromiseStore.layer({ path: join(folder, "promise.db"), node: "a" })
}

const use = <A, E>(layer: StoreLayer, run: (store: PromiseStore["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(PromiseStore, run), layer)

for (const [name, layer] of Object.entries(stores)) {
  describe(`PromiseStore in ${name}`, () => {
    for (const { name: promise, run } of promiseStoreContract) {
      it.live(promise, () =>
        Effect.gen(function* () {
          yield* Effect.provide(run, layer(yield* temporaryFolder))
        }).pipe(Effect.scoped)
      )
    }
  })
}

for (const name of ["file", "SQLite"] as const) {
  const layerOf = stores[name] ?? (() => PromiseStore.layerMemory)

  describe(`PromiseStore in ${name}, between runs`, () => {
    it.live("a promise outlives the store that saved it", () =>
      Effect.gen(function* () {
        const layer = layerOf(yield* temporaryFolder)
        yield* use(layer, (store) => store.save(41))
        assert.strictEqual(yield* use(layer, (store) => store.load), 41)
      }).pipe(Effect.scoped)
    )

    it.live("a place that cannot be written is a failure that names it, and the old promise stays", () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const path = join(folder, "promise")
        writeFileSync(path, "a file where a folder is needed")
        const layer =
          name === "file"
            ? FilePromiseStore.layer(join(path, "promise.json"))
            : SqlitePromiseStore.layer({ path: join(path, "promise.db"), node: "a" })
        const failure = yield* Effect.flip(use(layer, (store) => store.save(1)))
        assert.instanceOf(failure, PromiseStoreFailed)
        assert.include(failure.message, path)
      }).pipe(Effect.scoped)
    )
  })
}

describe("FilePromiseStore", () => {
  const damaged: Readonly<Record<string, string>> = {
    "an empty file": "",
    "half a file": `{"promi`,
    "something else": `{"epoch":3}`,
    "a negative promise": `{"promised":-1}`,
    "a promise that is no whole number": `{"promised":1.5}`,
    "a promise too large to count on": `{"promised":1e300}`
  }
  for (const [what, content] of Object.entries(damaged)) {
    it.live(`${what} is a failure, never 0, and is not written over`, () =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "promise.json")
        writeFileSync(path, content)
        const layer = FilePromiseStore.layer(path)
        assert.instanceOf(yield* Effect.flip(use(layer, (store) => store.load)), PromiseStoreFailed)
        assert.instanceOf(yield* Effect.flip(use(layer, (store) => store.save(9))), PromiseStoreFailed)
        assert.strictEqual(readFileSync(path, "utf8"), content)
      }).pipe(Effect.scoped)
    )
  }

  it.live("what a crash left of a replacement is ignored and replaced", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "promise.json")
      const layer = FilePromiseStore.layer(path)
      yield* use(layer, (store) => store.save(3))
      writeFileSync(`${path}.new`, `{"promi`)
      assert.strictEqual(yield* use(layer, (store) => store.load), 3)
      yield* use(layer, (store) => store.save(4))
      assert.strictEqual(yield* use(layer, (store) => store.load), 4)
      assert.isFalse(existsSync(`${path}.new`))
    }).pipe(Effect.scoped)
  )
})

describe("SqlitePromiseStore", () => {
  it.live("keeps the nodes of one file apart", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "promise.db")
      const layer = (node: string) => SqlitePromiseStore.layer({ path, node })
      yield* use(layer("a"), (store) => store.save(5))
      assert.strictEqual(yield* use(layer("b"), (store) => store.load), 0)
    }).pipe(Effect.scoped)
  )

  it.live("is durable: write-ahead log, synced at every commit", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "promise.db")
      yield* use(SqlitePromiseStore.layer({ path, node: "a" }), (store) =>
        Effect.sync(() => {
          const other = new DatabaseSync(path)
          assert.deepEqual({ ...other.prepare("PRAGMA journal_mode").get() }, { journal_mode: "wal" })
          other.close()
          void store
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a damaged database or row is a failure, never 0", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const path = join(folder, "promise.db")
      const layer = SqlitePromiseStore.layer({ path, node: "a" })
      yield* use(layer, (store) => store.save(5))
      const database = new DatabaseSync(path)
      database.exec("UPDATE lease_promise SET promised = -5; PRAGMA wal_checkpoint(TRUNCATE)")
      database.close()
      assert.instanceOf(yield* Effect.flip(use(layer, (store) => store.load)), PromiseStoreFailed)
      truncateSync(path, Math.floor(statSync(path).size / 2) + 1)
      assert.instanceOf(yield* Effect.flip(use(layer, (store) => store.load)), PromiseStoreFailed)
    }).pipe(Effect.scoped)
  )

  it.live("a writer that holds the database makes the save fail soon", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "promise.db")
      yield* use(SqlitePromiseStore.layer({ path, node: "a" }), (store) =>
        Effect.gen(function* () {
          const other = new DatabaseSync(path)
          other.exec("BEGIN IMMEDIATE")
          const [elapsed, failure] = yield* Effect.timed(Effect.flip(store.save(1)))
          assert.instanceOf(failure, PromiseStoreFailed)
          assert.isBelow(Duration.toMillis(elapsed), 2000)
          other.exec("ROLLBACK")
          other.close()
          yield* store.save(1)
        })
      )
    }).pipe(Effect.scoped)
  )
})
