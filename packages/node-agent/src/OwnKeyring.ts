/** The keys of this node, changed in memory and on disk together. */
import type { Keyring } from "@coterie/membership"
import { Effect, Redacted, Schema, Semaphore } from "effect"

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

/** The ring of a running node, kept by `save`. */
export const makeOwnKeyring = (ring: Keyring, save: KeptKeyring["save"]): OwnKeyring => {
  const turn = Semaphore.makeUnsafe(1)
  const change = Effect.fn("OwnKeyring.change")(function* (wanted: KeyChange) {
    const { keyId, undo } = yield* Effect.mapError(
      apply(ring, wanted),
      ({ message }) => new KeyChangeFailed({ detail: message })
    )
    yield* save(yield* keysOf(ring)).pipe(
      Effect.tapError(() => undo),
      Effect.mapError((detail) => new KeyChangeFailed({ detail }))
    )
    yield* Effect.logInfo("the key ring was changed", { event: `keyring.${wanted._tag}`, keyId })
    return keyId
  })
  // Half a change would be in memory and not on disk.
  return { list: ring.list, change: (wanted) => Effect.uninterruptible(turn.withPermits(1)(change(wanted))) }
}

/** Changes the ring in memory, and says how to undo that. To remove a key that is not held is done already: a change may be asked for again. */
const apply = Effect.fnUntraced(function* (ring: Keyring, wanted: KeyChange) {
  const before = yield* ring.list
  switch (wanted._tag) {
    case "install": {
      const keyId = yield* ring.install(wanted.key)
      const isHeld = before.some((held) => held.keyId === keyId)
      return { keyId, undo: wayBack(isHeld ? Effect.void : ring.remove(keyId)) }
    }
    case "use": {
      yield* ring.use(wanted.keyId)
      const primary = before.filter((held) => held.primary)
      return { keyId: wanted.keyId, undo: wayBack(Effect.forEach(primary, ({ keyId }) => ring.use(keyId))) }
    }
    case "remove": {
      const { keyId } = wanted
      if (!before.some((held) => held.keyId === keyId)) return { keyId, undo: Effect.void }
      const key = keyOf(ring, keyId)
      yield* ring.remove(keyId)
      return { keyId, undo: wayBack(ring.install(key)) }
    }
  }
})

/** It puts back what was just there, so it cannot be refused. */
const wayBack = <E>(undo: Effect.Effect<unknown, E>): Effect.Effect<unknown> => Effect.orDie(undo)

const keysOf = (ring: Keyring): Effect.Effect<RingKeys> =>
  Effect.map(ring.list, (held) => [
    Redacted.make(Buffer.from(ring.primary().bytes).toString("base64")),
    ...held.filter(({ primary }) => !primary).map(({ keyId }) => keyOf(ring, keyId))
  ])

const keyOf = (ring: Keyring, keyId: string): Redacted.Redacted =>
  Redacted.make(Buffer.from(ring.find(Number.parseInt(keyId, 16))?.bytes ?? []).toString("base64"))
