/** Loads a configuration from text and returns what is wrong with it. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem } from "effect"

import { loadConfig } from "../../src/config/loadConfig.ts"

/** Writes the text to a private file and loads it; `$` stands for the file's path in what comes back. */
export const load = (
  text: string | Uint8Array,
  environment: Readonly<Record<string, string>> = {},
  mode = 0o600
) =>
  Effect.gen(function* () {
    const folder = yield* Effect.orDie(temporaryFile(text, mode))
    const file = `${folder}/coterie.yaml`
    return yield* loadConfig({ file, environment }).pipe(
      Effect.mapError(({ problems }) =>
        problems.map((problem) => problem.replaceAll(file, "$").replaceAll(folder, "~"))
      )
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

/** A folder that holds the text as coterie.yaml, and is gone with the scope. */
const temporaryFile = Effect.fnUntraced(function* (text: string | Uint8Array, mode: number) {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped()
  const file = `${folder}/coterie.yaml`
  yield* files.writeFile(file, typeof text === "string" ? new TextEncoder().encode(text) : text)
  yield* files.chmod(file, mode)
  return folder
})

/** The problems alone, in the order in which they are reported; fails the test when there are none. */
export const problemsOf = (...args: Parameters<typeof load>) => Effect.flip(load(...args))
