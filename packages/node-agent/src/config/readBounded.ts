/** Reads files that an operator names: text, of a bounded size. */
import { Effect, FileSystem } from "effect"

/** The text of a file, or in one clause why there is none. */
export const readBounded = Effect.fnUntraced(
  function* (file: string, bytesMax: number) {
    const files = yield* FileSystem.FileSystem
    const { size, type } = yield* files.stat(file)
    // A device or a pipe may have no end.
    if (type !== "File")
      return yield* Effect.fail(`is a ${type === "Directory" ? "folder" : type}, not a regular file`)
    const bytes = size > bytesMax ? undefined : yield* files.readFile(file)
    if (bytes === undefined || bytes.length > bytesMax)
      return yield* Effect.fail(`is larger than ${bytesMax / 1024} KiB`)
    return yield* Effect.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
      catch: () => "is not UTF-8 text"
    })
  },
  Effect.mapError((error) =>
    typeof error === "string"
      ? error
      : `cannot be read: ${readFailure[error.reason._tag] ?? error.reason._tag}`
  )
)

const readFailure: Readonly<Record<string, string>> = {
  NotFound: "there is no such file",
  PermissionDenied: "this user may not read it"
}
