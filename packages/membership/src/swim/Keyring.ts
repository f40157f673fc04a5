/**
 * The keys of a cluster: one seals what this node sends, each opens what others sealed with it.
 *
 * Rotate without loss in three rounds over all nodes: `install` the new key everywhere, then `use` it everywhere, then `remove` the old one.
 */
import { createHash } from "node:crypto"

import { Effect, Redacted, Schema } from "effect"

/** A key in base64 is no key; nothing was changed. */
export class KeyInvalid extends Schema.TaggedError<KeyInvalid>()("KeyInvalid", {
  /** Which of the keys that were given, counted from 0. */
  index: Schema.Int,
  detail: Schema.String
}) {
  override get message(): string {
    return `key ${this.index} of the key ring refused: ${this.detail}`
  }
}

/** No key of the ring has this id. */
export class KeyUnknown extends Schema.TaggedError<KeyUnknown>()("KeyUnknown", {
  keyId: Schema.String,
  held: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `no key ${this.keyId} in the key ring; it holds ${this.held.join(", ")}`
  }
}

/** The primary key cannot be removed: `use` another one first. */
export class KeyIsPrimary extends Schema.TaggedError<KeyIsPrimary>()("KeyIsPrimary", {
  keyId: Schema.String
}) {
  override get message(): string {
    return `key ${this.keyId} seals what this node sends; use another key before it is removed`
  }
}

/** The ring holds as many keys as it can: `remove` one first. */
export class KeyringFull extends Schema.TaggedError<KeyringFull>()("KeyringFull", {
  keysMax: Schema.Int
}) {
  override get message(): string {
    return `the key ring holds ${this.keysMax} keys already; remove one that is no longer used`
  }
}

/** A key as sealing needs it. */
export interface SwimKey {
  /** First four bytes of the SHA-256 of `coterie swim key` and the key, as a number. */
  readonly keyId: number
  readonly bytes: Uint8Array
}

/** The keys of one node, by ids of 8 lower-case hexadecimal digits; no key is given away. */
export interface Keyring {
  /** Adds a key that opens; returns its id. A key that is there already stays. At most 16. */
  install(key: Redacted.Redacted): Effect.Effect<string, KeyInvalid | KeyringFull>
  /** Seals with this key from now on. */
  use(keyId: string): Effect.Effect<void, KeyUnknown>
  /** Forgets a key; what others seal with it is refused from now on. */
  remove(keyId: string): Effect.Effect<void, KeyUnknown | KeyIsPrimary>
  /** Ids of all keys, in the order of their installation. */
  readonly list: Effect.Effect<ReadonlyArray<{ readonly keyId: string; readonly primary: boolean }>>
}

/** A ring as sealing sees it. */
export interface SealingKeyring extends Keyring {
  /** The key that seals. */
  readonly primary: () => SwimKey
  /** The key with this id, if it is held. */
  readonly find: (keyId: number) => SwimKey | undefined
}

const keysMax = 16
const keyBytes = 32

/** A ring of keys in base64 of 32 bytes each, the first of which is the primary. */
export const makeKeyring = Effect.fn("Keyring.make")(function* (
  keys: readonly [Redacted.Redacted, ...ReadonlyArray<Redacted.Redacted>]
) {
  const held = new Map<number, SwimKey>()
  const install = (key: Redacted.Redacted, index: number): Effect.Effect<SwimKey, KeyInvalid | KeyringFull> =>
    Effect.gen(function* () {
      const made = yield* parseKey(key, index)
      const known = held.get(made.keyId)
      if (known !== undefined && !Buffer.from(known.bytes).equals(made.bytes)) {
        const detail = `its id ${nameOf(made)} is that of another key of the ring; draw a new key`
        return yield* new KeyInvalid({ index, detail })
      }
      if (known === undefined && held.size === keysMax) return yield* new KeyringFull({ keysMax })
      held.set(made.keyId, known ?? made)
      return made
    })
  const named = (keyId: string): Effect.Effect<SwimKey, KeyUnknown> => {
    const found = [...held.values()].find((key) => nameOf(key) === keyId)
    return found === undefined
      ? Effect.fail(new KeyUnknown({ keyId, held: [...held.values()].map(nameOf) }))
      : Effect.succeed(found)
  }

  let primary = yield* install(keys[0], 0)
  for (const [index, key] of keys.entries()) yield* install(key, index)

  const ring: SealingKeyring = {
    install: Effect.fn("Keyring.install")((key) => Effect.map(install(key, 0), nameOf)),
    use: Effect.fn("Keyring.use")(function* (keyId) {
      primary = yield* named(keyId)
    }),
    remove: Effect.fn("Keyring.remove")(function* (keyId) {
      const key = yield* named(keyId)
      if (key.keyId === primary.keyId) return yield* new KeyIsPrimary({ keyId })
      held.delete(key.keyId)
    }),
    list: Effect.sync(() =>
      [...held.values()].map((key) => ({ keyId: nameOf(key), primary: key.keyId === primary.keyId }))
    ),
    primary: () => primary,
    find: (keyId) => held.get(keyId)
  }
  return ring
})

/** The ring without its keys. */
export const withoutKeys = (ring: SealingKeyring): Keyring => ({
  install: (key) => ring.install(key),
  use: (keyId) => ring.use(keyId),
  remove: (keyId) => ring.remove(keyId),
  list: ring.list
})

const nameOf = ({ keyId }: SwimKey): string => keyId.toString(16).padStart(8, "0")

const parseKey = (key: Redacted.Redacted, index: number): Effect.Effect<SwimKey, KeyInvalid> => {
  const text = Redacted.value(key)
  const refuse = (detail: string) => Effect.fail(new KeyInvalid({ index, detail }))
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return refuse(`base64 of ${keyBytes} random bytes is needed`)
  const bytes = Buffer.from(text, "base64")
  if (bytes.length !== keyBytes || bytes.toString("base64") !== text) {
    return refuse(`it decodes to ${bytes.length} bytes; base64 of exactly ${keyBytes} random bytes is needed`)
  }
  if (bytes.every((byte) => byte === bytes[0])) {
    return refuse(`all of its bytes are the same; ${keyBytes} random bytes are needed`)
  }
  const keyId = createHash("sha256").update("coterie swim key").update(bytes).digest().readUInt32BE(0)
  return Effect.succeed({ keyId, bytes })
}
