/**
 * Why frames are refused, and how a node says so on a stream that it cannot answer under seal.
 *
 * A refusal in clear proves nothing: it is there for the operator's eyes. Its first four bytes stay where they are in all versions.
 */
import { frameMagic, wireVersion } from "./frameHeader.ts"
import { written, writeU16, writeU8 } from "./wireWriter.ts"

/** All reasons; a reason's place is its code on the wire. */
export const refusalReasons = [
  /** No frame of this wire. */
  "magic",
  /** Of another wire version. */
  "version",
  /** A header that does not keep the bounds. */
  "header",
  /** A packet's where a stream's belongs, or the reverse. */
  "use",
  /** Sealed otherwise than this cluster does. */
  "mode",
  /** Of another cluster. */
  "label",
  /** This process's own frame came back. */
  "own",
  /** Sealed by a key that is not held. */
  "unknown_key",
  /** Seen before. */
  "duplicate",
  /** Too old to tell whether it was seen. */
  "stale",
  /** Too many unknown senders in this second, or too many streams. */
  "busy",
  /** Not sealed by a holder of the key. */
  "forged",
  /** A message of a stream beyond its bound. */
  "length",
  /** Authentic, but no message. */
  "body",
  /** The other side refused, in clear. */
  "told"
] as const

/** Why a frame was refused. */
export type RefusalReason = (typeof refusalReasons)[number]

/** In the place of `FrameUse`. */
const refusalUse = 255

/** Bytes of a refusal in clear. */
const refusalBytes = 5

/** A refusal in clear. */
export const encodeRefusal = (reason: RefusalReason): Uint8Array =>
  written((writer) => {
    writeU16(writer, frameMagic)
    writeU8(writer, wireVersion)
    writeU8(writer, refusalUse)
    writeU8(writer, refusalReasons.indexOf(reason))
  })

/** The reason, if these bytes begin with a refusal in clear of any version; `told` for one that this version does not know. */
export const decodeRefusal = (bytes: Uint8Array): RefusalReason | undefined => {
  const [magicHigh = 0, magicLow = 0, , use, code = 0] = bytes
  if (bytes.length < refusalBytes || ((magicHigh << 8) | magicLow) !== frameMagic) return undefined
  return use === refusalUse ? (refusalReasons[code] ?? "told") : undefined
}
