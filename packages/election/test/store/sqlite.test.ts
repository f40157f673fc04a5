import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Fiber, Layer } from "effect"

import { LeaseStore } from "../../src/index.ts"
import { layerSqlite, leaseGuard } from "../../src/store/sqlite.ts"

/** A path for a file that goes with the scope. */
const freshPath = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-sqlite-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => join(folder, "leases.db")
)

const openStore = (path: string, timeout = Duration.millis(200)) =>
  Effect.map(Layer.build(layerSqlite({ path, timeout })), (context) => Context.get(context, LeaseStore))

/** Another process's connection, so to speak. */
const openOther = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(path)),
    (database) => Effect.sync(() => database.close())
  )

const claim = { from: undefined, holder: "a#1", ttlMillis: 1000, epochMin: 1 }

describe("leases in a SQLite file", () => {
  it.live("are found again when the file is opened again", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      yield* Effect.scoped(Effect.flatMap(openStore(path), (store) => store.takeOver("x", claim)))
      const store = yield* openStore(path)
      assert.deepStrictEqual(yield* store.read("x"), { holder: "a#1", epoch: 1, seq: 1, ttlMillis: 1000 })
    })
  )

  it.live("a file that another process writes to is waited for, and given up at the deadline", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      const store = yield* openStore(path)
      const other = yield* openOther(path)
      other.exec("BEGIN IMMEDIATE")
      const error = yield* Effect.flip(store.takeOver("x", claim))
      assert.strictEqual(error.reason._tag, "TimedOut")
      const taking = yield* Effect.forkChild(store.takeOver("x", claim))
      other.exec("COMMIT")
      assert.strictEqual(yield* Fiber.join(taking), 1)
    })
  )

  it.live("a file that is no database, or has another table of that name, is a protocol violation", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      writeFileSync(path, "no database, but long enough for SQLite to look for its header in it ".repeat(20))
      const notOne = yield* Effect.flip(openStore(path))
      assert.strictEqual(notOne.reason._tag, "ProtocolViolation")

      const strange = `${path}.strange`
      const other = yield* openOther(strange)
      other.exec("CREATE TABLE coterie_lease(name TEXT PRIMARY KEY, holder TEXT, epoch, seq, ttl_millis)")
      const store = yield* openStore(strange)
      for (const [epoch, seq, ttl] of [
        ["x", 1, 1000],
        [-1, 1, 1000],
        [1.5, 1, 1000],
        [1, 1, 0],
        [1, null, 1000]
      ]) {
        other.exec("DELETE FROM coterie_lease")
        other
          .prepare("INSERT INTO coterie_lease VALUES('x', 'a#1', ?, ?, ?)")
          .run(epoch ?? null, seq ?? null, ttl ?? null)
        const error = yield* Effect.flip(store.read("x"))
        assert.strictEqual(error.reason._tag, "ProtocolViolation", String([epoch, seq, ttl]))
      }
    })
  )

  it.live("a folder that is not there is unavailable", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(openStore(`${yield* freshPath}/missing/x.db`))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.strictEqual(error.operation, "open")
    })
  )

  it.live("a statement with an old token, or after the release, changes nothing", () =>
    Effect.gen(function* () {
      const path = yield* freshPath
      const store = yield* openStore(path)
      const other = yield* openOther(path)
      other.exec("CREATE TABLE written(token INTEGER)")
      const write = (token: number) => {
        const { parameters, sql } = leaseGuard("x", token)
        return other.prepare(`INSERT INTO written SELECT ? WHERE ${sql}`).run(token, ...parameters).changes
      }
      yield* store.takeOver("x", claim)
      assert.strictEqual(write(1), 1)
      yield* store.takeOver("x", { ...claim, from: yield* store.read("x"), epochMin: 5 })
      assert.strictEqual(write(1), 0)
      assert.strictEqual(write(5), 1)
      yield* store.release("x", { holder: "a#1", epoch: 5 })
      assert.strictEqual(write(5), 0)
    })
  )
})
