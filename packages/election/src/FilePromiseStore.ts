/** `PromiseStore` in a small file that is replaced as a whole: written beside, synced, renamed, folder synced. */
import { mkdir, open, readFile, rename } from "node:fs/promises"
import { dirname, resolve } from "node:path"

import { Effect, Layer, Schema, Semaphore } from "effect"

import { PromisedEpoch, PromiseStore, PromiseStoreFailed } from "./PromiseStore.ts"

const Content = Schema.fromJsonString(Schema.Struct({ promised: PromisedEpoch }))
const decode = Schema.decodeUnknownSync(Content)

/** The promised epoch in a file of its own. */
export const FilePromiseStore = {
  /** Keeps the promise in the file at `path`; its folder is made when missing. One process per file. */
  layer: (path: string): Layer.Layer<PromiseStore> => Layer.effect(PromiseStore, make(resolve(path)))
}

const make = Effect.fnUntraced(function* (path: string) {
  const turn = yield* Semaphore.make(1)
  const attempt = <A>(operation: "load" | "save", run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new PromiseStoreFailed({ operation, location: path, cause })
    })
  const load = attempt("load", () => read(path))
  return PromiseStore.of({
    load,
    save: (promised) =>
      load.pipe(
        Effect.flatMap((saved) =>
          promised > saved ? attempt("save", () => replace(path, promised)) : Effect.void
        ),
        turn.withPermits(1),
        // Half a replacement is none; leaving in the middle would only leak the open file.
        Effect.uninterruptible
      )
  })
})

const read = async (path: string): Promise<number> => {
  try {
    return decode(await readFile(path, "utf8")).promised
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return 0
    throw cause
  }
}

const replace = async (path: string, promised: number): Promise<void> => {
  const folder = dirname(path)
  await makeFolder(folder)
  const beside = `${path}.new`
  await withSync(beside, "w", (file) => file.writeFile(`${JSON.stringify({ promised })}\n`))
  await rename(beside, path)
  await syncFolder(folder)
}

/** A folder that vanished in a power cut would take the promise with it, and nobody would miss it. */
const makeFolder = async (folder: string): Promise<void> => {
  const topmost = await mkdir(folder, { recursive: true })
  if (topmost === undefined) return
  for (let made = folder; made !== dirname(topmost); made = dirname(made)) await syncFolder(dirname(made))
}

const syncFolder = (folder: string): Promise<void> => withSync(folder, "r", async () => {})

const withSync = async (
  path: string,
  flags: "r" | "w",
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<void>
): Promise<void> => {
  const file = await open(path, flags)
  try {
    await use(file)
    await file.sync()
  } finally {
    await file.close()
  }
}
