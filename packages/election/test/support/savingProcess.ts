/** A process that saves rising promises for ever and prints each one once it is safe. Arguments: `file` or `sqlite`, and a path. */
import { writeSync } from "node:fs"

import { Effect } from "effect"

import { FilePromiseStore } from "../../src/FilePromiseStore.ts"
import { PromiseStore } from "../../src/PromiseStore.ts"
import { SqlitePromiseStore } from "../../src/SqlitePromiseStore.ts"

const [kind, path = ""] = process.argv.slice(2)

const saveForEver = Effect.gen(function* () {
  const store = yield* PromiseStore
  for (let promised = (yield* store.load) + 1; ; promised++) {
    yield* store.save(promised)
    writeSync(1, `${promised}\n`)
  }
})

await saveForEver.pipe(
  Effect.provide(
    kind === "sqlite" ? SqlitePromiseStore.layer({ path, node: "a" }) : FilePromiseStore.layer(path)
  ),
  Effect.runPromise
)
