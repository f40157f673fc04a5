/** The key ring of a node on disk, so that a key that was installed or removed while it ran is so after a restart. */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"

import { Effect, Redacted, Schema } from "effect"

import { AgentFailed } from "./AgentFailed.ts"
import { swimKeysMax } from "./config/swimKey.ts"
import { type NamedKey, ringAtStart } from "./core/keptRing.ts"
import { replaceFile } from "./replaceFile.ts"

const Content = Schema.fromJsonString(
  Schema.Struct({
    /** The first one seals. */
    keys: Schema.NonEmptyArray(Schema.String).check(Schema.isMaxLength(swimKeysMax)),
    /** Hashes of `membership.keys` as they were when the ring was written. */
    configured: Schema.Array(Schema.String).check(Schema.isMaxLength(swimKeysMax))
  })
)
const decode = Schema.decodeUnknownEffect(Content)
const encode = Schema.encodeEffect(Content)

/** Keys of a ring, the first of which seals. */
export type RingKeys = readonly [Redacted.Redacted, ...ReadonlyArray<Redacted.Redacted>]

/** A ring on disk. */
export interface KeptKeyring {
  /** The keys to start with. */
  readonly keys: RingKeys
  /** Keeps these keys from now on. Fails with what the system said, in a clause. */
  readonly save: (keys: RingKeys) => Effect.Effect<void, string>
}

/**
 * The ring in this file, changed by what changed in the configuration since it was written. Fails with `AgentFailed` for a damaged file, or more
 * keys than a ring holds.
 */
export const openKeyring = Effect.fn("openKeyring")(function* (path: string, configured: RingKeys) {
  const named = configured.map(nameKey)
  const kept = yield* readKept(path)
  const ring = ringAtStart(named, kept)
  if (ring.length > swimKeysMax)
    return yield* new AgentFailed({
      key: "membership.keys_file",
      detail: `its keys and those in ${path} are ${ring.length} together, and a ring holds ${swimKeysMax}; drop keys that are not used any more`
    })
  const [first = "", ...others] = ring
  const keys: RingKeys = [Redacted.make(first), ...others.map((key) => Redacted.make(key))]
  const save = (ring: RingKeys) =>
    encode({ keys: mapKeys(ring), configured: named.map(({ name }) => name) }).pipe(
      Effect.orDie,
      Effect.flatMap((text) =>
        Effect.tryPromise({
          try: () => replaceFile(path, `${text}\n`),
          catch: (cause) => `cannot write ${path}: ${codeOf(cause)}`
        })
      ),
      Effect.uninterruptible
    )
  yield* Effect.mapError(save(keys), (detail) => new AgentFailed({ key: "node.stateFolder", detail }))
  return { keys, save } satisfies KeptKeyring
})

const mapKeys = ([first, ...others]: RingKeys): readonly [string, ...ReadonlyArray<string>] => [
  Redacted.value(first),
  ...others.map((key) => Redacted.value(key))
]

const nameKey = (key: Redacted.Redacted): NamedKey => named(Redacted.value(key))
const named = (key: string): NamedKey => ({
  key,
  name: createHash("sha256").update("coterie configured key").update(key).digest("hex")
})

const readKept = Effect.fnUntraced(function* (path: string) {
  const damaged = (detail: string) =>
    new AgentFailed({
      key: "node.stateFolder",
      detail: `${path} ${detail}; restore it, or remove it to start with the configured keys`
    })
  const text = yield* Effect.tryPromise({
    try: () => readFile(path, "utf8").catch(missing),
    catch: (cause) => damaged(`cannot be read: ${codeOf(cause)}`)
  })
  if (text === undefined) return undefined
  // The cause would quote keys.
  const { configured, keys } = yield* Effect.mapError(decode(text), () => damaged("is damaged"))
  return { keys: keys.map(named), configured }
})

const missing = (cause: unknown): undefined => {
  if (codeOf(cause) !== "ENOENT") throw cause
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)
