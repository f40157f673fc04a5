/** What a key of a SWIM cluster looks like. */
import { randomBytes } from "node:crypto"

import { Redacted } from "effect"

/** Bytes of a key. */
const swimKeyBytes = 32

/** Most keys of a ring. */
export const swimKeysMax = 16

/** Whether the text is base64 of as many bytes as a key has. */
export const isSwimKey = (key: Redacted.Redacted): boolean => {
  const text = Redacted.value(key)
  const bytes = Buffer.from(text, "base64")
  return bytes.length === swimKeyBytes && bytes.toString("base64") === text
}

/** What is wrong with a key that is none. */
export const noSwimKey = "is no key; `coterie keyring generate` prints one"

/** A new key. */
export const newSwimKey = (): string => randomBytes(swimKeyBytes).toString("base64")
