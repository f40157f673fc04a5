import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { FilePromiseStore, PromiseStore, SqlitePromiseStore } from "../src/index.ts"
import { temporaryFolder } from "./support/temporaryFolder.ts"

const program = fileURLToPath(new URL("support/savingProcess.ts", import.meta.url))

/** Runs the saving process until it saved a few promises, kills it some way into the next ones, and returns the last that it called safe. */
const killedWhileSaving = async (kind: string, path: string, round: number): Promise<number> => {
  const child = spawn(process.execPath, ["--conditions=@coterie/source", program, kind, path], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let printed = ""
  child.stdout.setEncoding("utf8")
  child.stdout.on("data", (text: string) => {
    printed += text
    // Which step of a save the signal hits is left to chance; rounds differ in how much was saved before.
    if (printed.split("\n").length > round) child.kill("SIGKILL")
  })
  const [, signal] = (await once(child, "close")) as [number | null, string | null]
  assert.strictEqual(signal, "SIGKILL")
  return Number(printed.trim().split("\n").at(-1))
}

for (const kind of ["file", "sqlite"]) {
  describe(`a process killed while it saves to ${kind}`, () => {
    it.live("leaves the last promise it called safe, or the one it was saving", () =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "promise")
        const layer =
          kind === "file" ? FilePromiseStore.layer(path) : SqlitePromiseStore.layer({ path, node: "a" })
        for (let round = 1; round <= 12; round++) {
          const safe = yield* Effect.promise(() => killedWhileSaving(kind, path, round))
          const found = yield* Effect.provide(
            Effect.flatMap(PromiseStore, (store) => store.load),
            layer
          )
          assert.isTrue(
            found === safe || found === safe + 1,
            `safe ${safe}, found ${found} in round ${round}`
          )
        }
      }).pipe(Effect.scoped)
    )
  })
}
