/** `coterie keyring`: the keys of all members. */
import { Console, Effect, Option, Redacted, Stdio, Stream } from "effect"

import { KeyringChangeReport, KeyringReport } from "../api/keyringResponses.ts"
import { readBounded } from "../config/readBounded.ts"
import { isSwimKey, newSwimKey, noSwimKey } from "../config/swimKey.ts"
import { ask } from "./askAgent.ts"
import { describeKeyring, describeKeyringChange } from "./describeKeyring.ts"
import { CliFailure, exitCode } from "./exit.ts"
import { printReport } from "./output.ts"

/** `coterie keyring generate`: a new key, the only one that is ever printed. */
export const generateKey = Effect.suspend(() => Console.log(newSwimKey()))

/** `coterie keyring list`. */
export const listKeys = Effect.gen(function* () {
  const report = yield* ask((agent) => agent.keyring.keyring())
  yield* printReport(KeyringReport, report, (paint) => describeKeyring(report, paint))
  yield* mustBeComplete(report)
})

/** `coterie keyring install`: the key is in a file, or on the standard input for `-`. */
export const installKey = Effect.fnUntraced(function* (file: string) {
  const key = yield* readKey(file)
  const report = yield* ask((agent) => agent.keyring.installKey({ payload: { key } }))
  yield* showChange(report)
})

/** A key to use or remove; with `force` although members are dead. */
interface ChosenKey {
  readonly keyId: string
  readonly force: boolean
}

/** `coterie keyring use`. */
export const useKey = Effect.fnUntraced(function* (chosen: ChosenKey) {
  yield* showChange(yield* ask((agent) => agent.keyring.useKey({ payload: chosen })))
})

/** `coterie keyring remove`. */
export const removeKey = Effect.fnUntraced(function* (chosen: ChosenKey) {
  yield* showChange(yield* ask((agent) => agent.keyring.removeKey({ payload: chosen })))
})

const showChange = Effect.fnUntraced(function* (report: KeyringChangeReport) {
  yield* printReport(KeyringChangeReport, report, (paint) => describeKeyringChange(report, paint))
  yield* mustBeComplete(report)
})

const mustBeComplete = ({ complete, rings }: KeyringReport | KeyringChangeReport) => {
  if (complete) return Effect.void
  const missing = rings.filter(({ detail, state }) => detail !== undefined && state !== "dead")
  return new CliFailure({
    code: exitCode.underWay,
    detail: `${missing.length} of ${rings.length} members did not do it: ${missing[0]?.node} ${missing[0]?.detail}; ask again`
  })
}

/** A file with a key has one line. */
const keyFileBytesMax = 1024

const readKey = Effect.fnUntraced(function* (file: string) {
  const where = file === "-" ? "the standard input" : file
  const text = yield* file === "-"
    ? firstLine
    : Effect.mapError(readBounded(file, keyFileBytesMax), (detail) => unreadable(`${where} ${detail}`))
  const key = Redacted.make(text.trim())
  return isSwimKey(key) ? key : yield* unreadable(`${where} ${noSwimKey}`)
})

const firstLine = Effect.flatMap(Stdio.Stdio, ({ stdin }) =>
  stdin.pipe(Stream.decodeText, Stream.splitLines, Stream.runHead)
).pipe(
  Effect.map(Option.getOrElse(() => "")),
  Effect.mapError(({ message }) => unreadable(message))
)

const unreadable = (detail: string) => new CliFailure({ code: exitCode.usage, detail })
