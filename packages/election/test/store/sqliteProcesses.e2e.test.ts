import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"

import { pollUntil } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { present } from "../support/present.ts"

const program = fileURLToPath(new URL("../support/sqliteContender.ts", import.meta.url))

/** A table for the leader's writes in a fresh file, and processes that contend; all gone with the scope. */
const makeWorld = Effect.gen(function* () {
  const folder = mkdtempSync(join(tmpdir(), "coterie-sqlite-"))
  const path = join(folder, "shared.db")
  const database = new DatabaseSync(path)
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL")
  database.exec("CREATE TABLE written(place INTEGER PRIMARY KEY AUTOINCREMENT, token INTEGER, pid INTEGER)")
  const children = new Map<string, ChildProcess>()
  yield* Effect.addFinalizer(() =>
    Effect.promise(async () => {
      const ends = [...children.values()].map((child) => {
        const end = once(child, "exit")
        child.kill("SIGKILL")
        return end
      })
      await Promise.all(ends)
      database.close()
      rmSync(folder, { recursive: true })
    })
  )
  return {
    start: (node: string) => {
      const child = spawn(process.execPath, ["--conditions=@coterie/source", program, path, node], {
        stdio: ["ignore", "inherit", "inherit"]
      })
      children.set(node, child)
    },
    node: (pid: number) => present([...children].find(([, child]) => child.pid === pid)),
    writes: () =>
      database.prepare("SELECT token, pid FROM written ORDER BY place").all() as Array<{
        readonly token: number
        readonly pid: number
      }>,
    last: () =>
      database.prepare("SELECT token, pid FROM written ORDER BY place DESC LIMIT 1").get() as
        | { readonly token: number; readonly pid: number }
        | undefined
  }
})

describe("leases in a SQLite file", () => {
  it.live(
    "between processes that are killed and that stand still, no write with an old token is ever accepted",
    () =>
      Effect.gen(function* () {
        const { last, node, start, writes } = yield* makeWorld
        for (const id of ["a", "b", "c"]) start(id)
        const writesAfter = (token: number) =>
          Effect.promise(() =>
            pollUntil(() => ((last()?.token ?? 0) > token ? undefined : `no write after ${token}`), {
              timeoutMillis: 20_000
            })
          )
        yield* writesAfter(0)
        for (let round = 0; round < 6; round++) {
          const { pid, token } = present(last())
          const [id, leader] = node(pid)
          if (round % 2 === 0) {
            leader.kill("SIGSTOP")
            // For longer than its lease. Stopped inside a write it holds the file's lock, and nobody can lead before it goes on.
            yield* Effect.sleep("2500 millis")
            leader.kill("SIGCONT")
            yield* writesAfter(token)
          } else {
            leader.kill("SIGKILL")
            yield* writesAfter(token)
            assert.notStrictEqual(present(last()).pid, pid)
            start(id)
          }
        }
        const all = writes()
        assert.isAbove(all.length, 100)
        const owners = new Map<number, number>()
        let highest = 0
        for (const { pid, token } of all) {
          assert.isAtLeast(token, highest, "an old token was accepted")
          assert.strictEqual(owners.get(token) ?? pid, pid, `token ${token} has two owners`)
          owners.set(token, pid)
          highest = token
        }
        assert.isAtLeast(owners.size, 7)
      }).pipe(Effect.scoped)
  )
})
