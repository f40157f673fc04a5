/** Keeps a node's generation on disk, so that a restart is newer than the run before even when the wall clock went back. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs"

import { Effect, Schema } from "effect"

import { generationMax } from "../core/swim/memberKey.ts"

/** The generation cannot be kept; nothing was started. */
export class GenerationFileFailed extends Schema.TaggedError<GenerationFileFailed>()("GenerationFileFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `generation file ${this.path}: ${this.detail}`
  }
}

/** The generation of this start: one above the stored one, or `wallMillis` at the first start; it is on disk before this succeeds, and at most `generationMax`. */
export const nextGeneration = (
  path: string,
  wallMillis: number
): Effect.Effect<number, GenerationFileFailed> =>
  Effect.gen(function* () {
    const stored = yield* readGeneration(path)
    const generation = stored === undefined ? wallMillis : stored + 1
    if (generation > generationMax)
      return yield* new GenerationFileFailed({ path, detail: tooGreat(generation) })
    yield* Effect.try({
      try: () => saveGeneration(path, generation),
      catch: (error) => new GenerationFileFailed({ path, detail: String(error) })
    })
    return generation
  })

const tooGreat = (generation: number): string =>
  `the next generation would be ${generation}, and the greatest that members accept is ${generationMax}; remove it and start under ` +
  "another id, or under this one once the cluster has forgotten it (tombstoneTtlMillis)"

/** Writes a generation so that a crash leaves the old or the new one; throws what the file system says. Takes a few ms, rarely. */
export const saveGeneration = (path: string, generation: number): void => {
  const draft = `${path}.new`
  const file = openSync(draft, "w", 0o600)
  try {
    writeSync(file, `${generation}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
}

const readGeneration = (path: string): Effect.Effect<number | undefined, GenerationFileFailed> =>
  Effect.suspend(() => {
    let text: string
    try {
      text = readFileSync(path, "utf8").trim()
    } catch (error) {
      return error instanceof Error && "code" in error && error.code === "ENOENT"
        ? Effect.undefined
        : new GenerationFileFailed({ path, detail: String(error) })
    }
    const generation = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    return Number.isSafeInteger(generation)
      ? Effect.succeed(generation)
      : new GenerationFileFailed({
          path,
          detail: "it must hold one whole number; remove it to start from the wall clock"
        })
  })
