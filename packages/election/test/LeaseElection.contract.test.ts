import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

import { LeaseStore } from "../src/index.ts"
import { layerSqlite } from "../src/store/sqlite.ts"
import { electionContract } from "../src/testing/index.ts"
import { leaseExceptions } from "./support/leaseElectionExceptions.ts"
import { testClockWorld } from "./support/leaseElectionWorld.ts"

it("every exception names a case", () => {
  assert.includeMembers(
    electionContract.map(({ id }) => id),
    Object.keys(leaseExceptions)
  )
})

const folder = mkdtempSync(join(tmpdir(), "coterie-election-"))
afterAll(() => rmSync(folder, { recursive: true }))

const stores = {
  memory: () => LeaseStore.layerMemory,
  "a SQLite file": (id: string) => Layer.orDie(layerSqlite({ path: join(folder, `${id}.db`) }))
}

for (const [name, storeOf] of Object.entries(stores)) {
  describe(`LeaseElection in ${name}`, () => {
    for (const { id, name: promise, run } of electionContract) {
      const exception = leaseExceptions[id]
      const given = Effect.provide(run, testClockWorld.pipe(Layer.provide(storeOf(id))))
      if (exception === undefined) it.effect(promise, () => given)
      else {
        it.effect(`NOT: ${promise} (${exception.because})`, () =>
          Effect.map(Effect.flip(given), ({ found }) => assert.strictEqual(found, exception.found))
        )
      }
    }
  })
}
