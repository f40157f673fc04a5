import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { LeaseStore } from "../src/index.ts"
import { layerSqlite } from "../src/store/sqlite.ts"
import { leaseStoreContract } from "../src/testing/index.ts"

const folder = mkdtempSync(join(tmpdir(), "coterie-lease-"))
afterAll(() => rmSync(folder, { recursive: true }))

const stores = {
  "in memory": LeaseStore.layerMemory,
  "in a SQLite file": layerSqlite({ path: join(folder, "leases.db") })
}

for (const [name, store] of Object.entries(stores)) {
  describe(`LeaseStore ${name}`, () => {
    for (const { name: promise, run } of leaseStoreContract) {
      it.effect(promise, () => Effect.provide(run, store))
    }
  })
}
