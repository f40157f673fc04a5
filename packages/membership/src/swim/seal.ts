/** Seals and opens bodies: AES-256-GCM, or HMAC-SHA256 cut to 16 bytes for networks in which only forgery matters. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual
} from "node:crypto"

import type { FrameMode } from "../core/swimWire/frameHeader.ts"

/** How one body is sealed. No two bodies share a subkey and a nonce. */
export interface Seal {
  readonly mode: FrameMode
  /** From `deriveSubkey`; ignored when plain. */
  readonly subkey: KeyObject
  /** Safe integer from 0. */
  readonly nonce: number
  /** What must be the same at both ends, beside the body. */
  readonly associated: Uint8Array
}

const tagBytes = 16
const nonceBytes = 12

/** Bytes that sealing adds to a body. */
export const sealBytes = (mode: FrameMode): number => (mode === "plain" ? 0 : tagBytes)

/** HKDF-SHA256 of a key for one purpose and what makes it unique. A key object costs a third of raw bytes at every use. */
export const deriveSubkey = (key: Uint8Array, purpose: string, unique: Uint8Array): KeyObject => {
  const info = Buffer.concat([Buffer.from(`${purpose}\0`), unique])
  return createSecretKey(Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), info, 32)))
}

/** In the place of a subkey when plain. */
export const noSubkey = createSecretKey(Buffer.alloc(32))

/** The sealed body, in pieces to be sent one after the other. */
export const sealBody = (seal: Seal, body: Uint8Array): ReadonlyArray<Uint8Array> => {
  if (seal.mode === "plain") return [body]
  if (seal.mode === "hmac") return [body, tagOf(seal, body)]
  const cipher = createCipheriv("aes-256-gcm", seal.subkey, nonceOf(seal.nonce))
  cipher.setAAD(seal.associated)
  const sealed = cipher.update(body)
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

/** The body, or undefined when it was not sealed so. */
export const openBody = (seal: Seal, sealed: Uint8Array): Uint8Array | undefined => {
  if (seal.mode === "plain") return sealed
  if (sealed.length < tagBytes) return undefined
  const body = sealed.subarray(0, -tagBytes)
  const tag = sealed.subarray(-tagBytes)
  if (seal.mode === "hmac") return timingSafeEqual(tagOf(seal, body), tag) ? body : undefined
  const decipher = createDecipheriv("aes-256-gcm", seal.subkey, nonceOf(seal.nonce), {
    authTagLength: tagBytes
  })
  decipher.setAAD(seal.associated)
  decipher.setAuthTag(tag)
  const opened = decipher.update(body)
  try {
    decipher.final()
    return opened
  } catch {
    return undefined
  }
}

const tagOf = (seal: Seal, body: Uint8Array): Uint8Array =>
  createHmac("sha256", seal.subkey).update(seal.associated).update(body).digest().subarray(0, tagBytes)

const nonceOf = (nonce: number): Uint8Array => {
  const bytes = Buffer.alloc(nonceBytes)
  bytes.writeUInt32BE(Math.floor(nonce / 2 ** 32), 4)
  bytes.writeUInt32BE(nonce % 2 ** 32, 8)
  return bytes
}
