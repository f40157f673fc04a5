import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Semaphore } from "effect"

import { FencedOut, fenced, type FencedResource, memoryFence } from "../src/index.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

/** A row of a SQLite file that two processes could share; the token lives beside the data and changes in one transaction with it. */
const sqliteAccount = (path: string) => {
  const database = new DatabaseSync(path)
  database.exec(
    "CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, balance INTEGER, token INTEGER) STRICT"
  )
  database.exec("INSERT OR IGNORE INTO account VALUES(1, 0, 0)")
  const turn = Semaphore.makeUnsafe(1)
  const run = (sql: string) => Effect.sync(() => database.exec(sql))
  const column = (name: string) =>
    Effect.sync(() => Number(database.prepare(`SELECT ${name} AS value FROM account`).get()?.["value"]))
  const resource: FencedResource = {
    name: "account",
    atomically: (effect) =>
      Effect.acquireUseRelease(
        run("BEGIN IMMEDIATE"),
        () => effect,
        (_, exit) => run(exit._tag === "Success" ? "COMMIT" : "ROLLBACK")
      ).pipe(turn.withPermits(1)),
    highest: column("token"),
    raise: (token) => run(`UPDATE account SET token = ${token}`)
  }
  return {
    write: fenced(resource),
    deposit: run("UPDATE account SET balance = balance + 1"),
    balance: column("balance"),
    token: column("token")
  }
}

describe("fenced", () => {
  it.effect("passes equal and higher tokens, and refuses a lower one with both", () =>
    Effect.gen(function* () {
      const write = fenced(yield* memoryFence("ledger"))
      assert.strictEqual(yield* write(3, Effect.succeed("first")), "first")
      assert.strictEqual(yield* write(3, Effect.succeed("again")), "again")
      assert.strictEqual(yield* write(7, Effect.succeed("next leader")), "next leader")
      let ran = false
      const refused = yield* Effect.flip(
        write(
          3,
          Effect.sync(() => (ran = true))
        )
      )
      assert.deepStrictEqual(refused, new FencedOut({ resource: "ledger", token: 3, highest: 7 }))
      assert.include(refused.message, "ledger refused token 3: a newer leader with token 7 has written")
      assert.isFalse(ran)
    })
  )

  it.effect(
    "runs one write at a time: a newer leader waits for a write that has begun, and none slips in after it",
    () =>
      Effect.gen(function* () {
        const write = fenced(yield* memoryFence("ledger"))
        const [begun, finish] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
        const log: Array<string> = []
        const note = (line: string) => Effect.sync(() => log.push(line))
        const slow = yield* Effect.forkChild(
          write(
            1,
            Deferred.succeed(begun, undefined).pipe(
              Effect.andThen(Deferred.await(finish)),
              Effect.andThen(note("old"))
            )
          )
        )
        yield* Deferred.await(begun)
        const newer = yield* Effect.forkChild(write(2, note("new")))
        const late = yield* Effect.forkChild(Effect.flip(write(1, note("late"))))
        yield* Deferred.succeed(finish, undefined)
        yield* Fiber.join(slow)
        yield* Fiber.join(newer)
        assert.instanceOf(yield* Fiber.join(late), FencedOut)
        assert.deepStrictEqual(log, ["old", "new"])
      })
  )

  it.live("keeps token and data of a SQLite row together, between connections", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "account.db")
      const [old, next] = [sqliteAccount(path), sqliteAccount(path)]
      yield* old.write(1, old.deposit)
      yield* next.write(2, next.deposit)
      assert.instanceOf(yield* Effect.flip(old.write(1, old.deposit)), FencedOut)
      assert.strictEqual(yield* old.balance, 2)
      // A write that fails shows nothing: neither its change nor its token.
      yield* Effect.flip(next.write(9, Effect.andThen(next.deposit, Effect.fail("no money" as const))))
      assert.strictEqual(yield* old.balance, 2)
      assert.strictEqual(yield* old.token, 2)
    }).pipe(Effect.scoped)
  )
})
