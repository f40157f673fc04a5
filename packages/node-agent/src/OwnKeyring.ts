/** The keys of this node, changed in memory and on disk together. */
import type { Keyring } from "@coterie/membership"
import { Effect, type Redacted, Schema, Semaphore } from "effect"

import type { KeptKeyring, RingKeys } from "./keyringFile.ts"

/** One key of a node, by its id. */
export const HeldKey = Schema.Struct({
  keyId: Schema.String,
  /** It seals what the node sends. */
  primary: Schema.Boolean
})
/** One key of a node. */
export type HeldKey = typeof HeldKey.Type

/** The id of a key. */
export const KeyId = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}$/, { message: "expected 8 hexadecimal digits" })
)

/** What is to be done to a ring. */
export const KeyChange = Schema.TaggedUnion({
  install: { key: Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(64))) },
  use: { keyId: KeyId },
  remove: { keyId: KeyId }
})
/** What is to be done to a ring. */
export type KeyChange = typeof KeyChange.Type

/** A ring was not changed; `detail` says why. */
export class KeyChangeFailed extends Schema.TaggedError<KeyChangeFailed>()("KeyChangeFailed", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/** The ring of this node. */
export interface OwnKeyring {
  readonly list: Effect.Effect<ReadonlyArray<HeldKey>>
  /** Changes the ring and keeps it, and returns the id of the key. A change that cannot be kept is undone. */
  readonly change: (change: KeyChange) => Effect.Effect<string, KeyChangeFailed>
}

/** A ring and its keys by their ids, for it gives none away. */
interface NamedRing {
  readonly ring: Keyring
  readonly keys: Map<string, Redacted.Redacted>
}

/** The ring of a running node that was started with the keys that are kept. */
export const makeOwnKeyring = Effect.fn("OwnKeyring.make")(function* (
  ring: Keyring,
  { keys, save }: KeptKeyring
) {
  const turn = Semaphore.makeUnsafe(1)
  const own: NamedRing = { ring, keys: new Map() }
  // A key that is there already stays, and is named.
  for (const key of keys) yield* Effect.orDie(install(own, key))
  const change = Effect.fn("OwnKeyring.change")(function* (wanted: KeyChange) {
    const { keyId, undo } = yield* Effect.mapError(
      apply(own, wanted),
      ({ message }) => new KeyChangeFailed({ detail: message })
    )
    yield* save(yield* keysOf(own)).pipe(
      Effect.tapError(() => undo),
      Effect.mapError((detail) => new KeyChangeFailed({ detail }))
    )
    yield* Effect.logInfo("the key ring was changed", { event: `keyring.${wanted._tag}`, keyId })
    return keyId
  })
  // Half a change would be in memory and not on disk.
  return {
    list: ring.list,
    change: (wanted) => Effect.uninterruptible(turn.withPermits(1)(change(wanted)))
  } satisfies OwnKeyring
})

/** Changes the ring in memory, and says how to undo that. To remove a key that is not held is done already: a change may be asked for again. */
const apply = Effect.fnUntraced(function* (own: NamedRing, wanted: KeyChange) {
  const { keys, ring } = own
  const before = yield* ring.list
  switch (wanted._tag) {
    case "install": {
      const keyId = yield* install(own, wanted.key)
      const isHeld = before.some((held) => held.keyId === keyId)
      return { keyId, undo: wayBack(isHeld ? Effect.void : remove(own, keyId)) }
    }
    case "use": {
      yield* ring.use(wanted.keyId)
      const primary = before.filter((held) => held.primary)
      return { keyId: wanted.keyId, undo: wayBack(Effect.forEach(primary, ({ keyId }) => ring.use(keyId))) }
    }
    case "remove": {
      const { keyId } = wanted
      if (!before.some((held) => held.keyId === keyId)) return { keyId, undo: Effect.void }
      const key = keyOf(keys, keyId)
      yield* remove(own, keyId)
      return { keyId, undo: wayBack(install(own, key)) }
    }
  }
})

const install = ({ keys, ring }: NamedRing, key: Redacted.Redacted) =>
  Effect.tap(ring.install(key), (keyId) => Effect.sync(() => keys.set(keyId, key)))

const remove = ({ keys, ring }: NamedRing, keyId: string) =>
  Effect.tap(ring.remove(keyId), () => Effect.sync(() => keys.delete(keyId)))

/** It puts back what was just there, so it cannot be refused. */
const wayBack = <E>(undo: Effect.Effect<unknown, E>): Effect.Effect<unknown> => Effect.orDie(undo)

/** All keys of the ring, the primary first. */
const keysOf = ({ keys, ring }: NamedRing): Effect.Effect<RingKeys> =>
  Effect.map(ring.list, (held) => {
    const inOrder = held.toSorted((one, other) => Number(other.primary) - Number(one.primary))
    const [first = "", ...others] = inOrder.map(({ keyId }) => keyId)
    return [keyOf(keys, first), ...others.map((keyId) => keyOf(keys, keyId))]
  })

const keyOf = (keys: NamedRing["keys"], keyId: string): Redacted.Redacted => {
  const key = keys.get(keyId)
  if (key === undefined) throw new Error(`key ${keyId} came into the ring by another way`)
  return key
}
