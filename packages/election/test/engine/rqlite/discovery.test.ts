import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, it } from "@effect/vitest"
import { Effect, Metric } from "effect"

import { startRqliteFake } from "../../../src/testing/index.ts"
import { counted } from "../../support/counted.ts"
import { driver, impatient } from "../../support/rqliteDrivers.ts"

/** A data folder that goes with the scope, and how to put a record in it. */
const dataFolder = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-discovery-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => ({
    folder,
    write: (name: string, record: unknown) => {
      mkdirSync(join(folder, name), { recursive: true })
      const text = typeof record === "string" ? record : JSON.stringify(record)
      writeFileSync(join(folder, name, "cluster-state.json"), text)
    }
  })
)

const record = (namespaceName: string, rqliteHttpPort: number) => ({
  namespaceName,
  localPorts: { rqliteHttpPort }
})

const skipped = (reason: string) => counted("rqlite_discovery_skipped_total", { reason })

const isolated = Effect.provideService(Metric.MetricRegistry, new Map())

it.live("groups are found by their records, which are read anew at each list", () =>
  Effect.gen(function* () {
    const fake = yield* startRqliteFake()
    const { folder, write } = yield* dataFolder
    const groups = yield* driver({ ...impatient, discovery: { folder } })
    assert.deepStrictEqual(yield* groups.list, [])
    write("one", record("orders", Number(new URL(fake.url("1")).port)))
    assert.deepStrictEqual(yield* groups.list, ["orders"])
    assert.strictEqual((yield* groups.status("orders")).self, "1")

    write("one", record("orders", Number(new URL(fake.url("2")).port)))
    yield* groups.list
    assert.strictEqual((yield* groups.status("orders")).self, "2", "the port changed")

    rmSync(join(folder, "one"), { recursive: true })
    assert.strictEqual((yield* groups.status("orders")).self, "2", "the last list counts until the next")
    assert.deepStrictEqual(yield* groups.list, [])
    const error = yield* Effect.flip(groups.status("orders"))
    assert.deepInclude(error.reason, { _tag: "UnknownGroup", known: [] })
  }).pipe(Effect.scoped)
)

it.live("a group that no list has shown yet is looked for when it is asked for", () =>
  Effect.gen(function* () {
    const fake = yield* startRqliteFake()
    const { folder, write } = yield* dataFolder
    const groups = yield* driver({ ...impatient, discovery: { folder } })
    write("one", record("orders", Number(new URL(fake.url("1")).port)))
    assert.strictEqual((yield* groups.status("orders")).self, "1")
  }).pipe(Effect.scoped)
)

it.live("a record that cannot be used is counted by its reason and skipped, the others count", () =>
  Effect.gen(function* () {
    const { folder, write } = yield* dataFolder
    const groups = yield* driver({ discovery: { folder, recordsMax: 9, recordBytesMax: 1000 } })
    write("a-good", record("orders", 4001))
    write("b-broken", '{"namespaceName":')
    write("c-incomplete", { namespaceName: "users" })
    write("d-port", record("users", 70_000))
    write("e-off", record("users", 0))
    write("f-large", { ...record("users", 4001), padding: " ".repeat(1000) })
    write("g-again", record("orders", 4002))
    mkdirSync(join(folder, "h-directory", "cluster-state.json"), { recursive: true })
    writeFileSync(join(folder, "i-file"), "no folder")
    write("j-beyond", record("late", 4001))
    mkdirSync(join(folder, "k-empty"))
    assert.deepStrictEqual(yield* groups.list, ["orders"])
    assert.strictEqual(yield* skipped("malformed"), 3)
    assert.strictEqual(yield* skipped("no_port"), 1)
    assert.strictEqual(yield* skipped("too_large"), 1)
    assert.strictEqual(yield* skipped("duplicate"), 1)
    assert.strictEqual(yield* skipped("unreadable"), 1)
    assert.strictEqual(yield* skipped("over_limit"), 2)
  }).pipe(isolated, Effect.scoped)
)

it.live("a configured group wins over a record of its name", () =>
  Effect.gen(function* () {
    const fake = yield* startRqliteFake()
    const { folder, write } = yield* dataFolder
    write("one", record("orders", 9))
    const groups = yield* driver({
      ...impatient,
      groups: [{ name: "orders", url: fake.url("1") }],
      discovery: { folder }
    })
    assert.deepStrictEqual(yield* groups.list, ["orders"])
    assert.strictEqual((yield* groups.status("orders")).self, "1")
  }).pipe(Effect.scoped)
)

it.live("a data folder that cannot be read is Unavailable, with the path", () =>
  Effect.gen(function* () {
    const groups = yield* driver({ discovery: { folder: "/no/such/folder" } })
    const { reason } = yield* Effect.flip(groups.list)
    assert.strictEqual(reason._tag, "Unavailable")
    assert.include(reason.message, "/no/such/folder")
  }).pipe(Effect.scoped)
)
