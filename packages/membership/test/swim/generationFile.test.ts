import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { generationMax } from "../../src/core/swim/memberKey.ts"
import { nextGeneration } from "../../src/swim/generationFile.ts"

const generationFile = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-generation-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
).pipe(Effect.map((folder) => join(folder, "generation")))

describe("the generation on disk", () => {
  it.effect("is the wall clock at first, then one more each time, up to the greatest", () =>
    Effect.gen(function* () {
      const path = yield* generationFile
      assert.strictEqual(yield* nextGeneration(path, 5000), 5000)
      assert.strictEqual(yield* nextGeneration(path, 1), 5001)
      writeFileSync(path, `${generationMax - 1}\n`)
      assert.strictEqual(yield* nextGeneration(path, 1), generationMax)
      assert.strictEqual(readFileSync(path, "utf8"), `${generationMax}\n`)
    })
  )

  it.effect.each([generationMax, Number.MAX_SAFE_INTEGER])(
    "%d is too great, says so and what to do",
    (stored) =>
      Effect.gen(function* () {
        const path = yield* generationFile
        writeFileSync(path, `${stored}\n`)
        const { _tag, message } = yield* Effect.flip(nextGeneration(path, 1))
        assert.strictEqual(_tag, "GenerationFileFailed")
        assert.match(
          message,
          /the greatest that members accept is 4503599627370495; remove it and start under another id/
        )
        assert.strictEqual(readFileSync(path, "utf8"), `${stored}\n`)
      })
  )
})
