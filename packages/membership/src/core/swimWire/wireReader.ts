/**
 * Reads the wire's primitives from bytes that anybody may have sent; never throws.
 *
 * The first failure stays and ends the input, so every read after it is a harmless default and every loop over the rest stops. Each value
 * has exactly one form: what could have been written otherwise is refused.
 */
import { generationMax } from "../swim/memberKey.ts"
import { wireLimits } from "./limits.ts"
import { readUtf8 } from "./utf8.ts"

/**
 * Why bytes were refused. `truncated`: they end too early; `unknown`: a type, kind or code that this version does not have; `bounds`: a value
 * or length beyond its limit; `form`: not the one form of its value; `text`: characters that are not allowed; `inconsistent`: parts that
 * contradict each other; `trailing`: more than the message; `magic`, `version`: no frame, or one of another wire version.
 */
export type MalformedReason =
  | "magic"
  | "version"
  | "truncated"
  | "unknown"
  | "bounds"
  | "form"
  | "text"
  | "inconsistent"
  | "trailing"

/** Bytes that are no message. */
export interface Malformed {
  readonly _tag: "Malformed"
  readonly reason: MalformedReason
  /** Where in the bytes. */
  readonly offset: number
  /** What would have been right there. */
  readonly expected: string
}

/** A message read in full. */
export interface Decoded<A> {
  readonly _tag: "Decoded"
  readonly value: A
  /** Extensions of a newer version that were passed over. */
  readonly skipped: number
}

/** Bytes, how far they are read, and what is wrong with them. */
export interface Reader {
  readonly bytes: Uint8Array
  offset: number
  failure: Malformed | undefined
  skipped: number
}

/** A reader at the start of some bytes. */
export const makeReader = (bytes: Uint8Array): Reader => ({
  bytes,
  offset: 0,
  failure: undefined,
  skipped: 0
})

/** Notes the first failure and ends the input. */
export const fail = (reader: Reader, reason: MalformedReason, expected: string, offset: number): void => {
  reader.failure ??= { _tag: "Malformed", reason, offset, expected }
  reader.offset = reader.bytes.length
}

/** The value, unless something failed or is left over. */
export const finish = <A>(reader: Reader, value: A): Decoded<A> | Malformed => {
  if (reader.offset < reader.bytes.length) fail(reader, "trailing", "the end", reader.offset)
  return reader.failure ?? { _tag: "Decoded", value, skipped: reader.skipped }
}

/** Whether there is more to read. */
export const hasMore = (reader: Reader): boolean => reader.offset < reader.bytes.length

/** Passes over `count` bytes and returns where they start, or undefined when there are fewer. */
const take = (reader: Reader, count: number, expected: string): number | undefined => {
  const start = reader.offset
  if (count > reader.bytes.length - start) {
    fail(reader, "truncated", expected, start)
    return undefined
  }
  reader.offset = start + count
  return start
}

/** One byte. */
export const readU8 = (reader: Reader, expected = "a byte"): number => {
  const start = take(reader, 1, expected)
  return start === undefined ? 0 : (reader.bytes[start] ?? 0)
}

/** Two bytes, the greater first. */
export const readU16 = (reader: Reader): number => {
  const start = take(reader, 2, "two bytes")
  return start === undefined ? 0 : u16(reader.bytes, start)
}

/** Four bytes, the greatest first. */
export const readU32 = (reader: Reader): number => {
  const start = take(reader, 4, "four bytes")
  return start === undefined ? 0 : u16(reader.bytes, start) * 0x1_0000 + u16(reader.bytes, start + 2)
}

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

/** A safe integer in eight bytes. */
export const readU64 = (reader: Reader): number => {
  const start = reader.offset
  const high = readU32(reader)
  if (high > 0x1f_ffff) fail(reader, "bounds", "an integer below 2^53", start)
  return high * 2 ** 32 + readU32(reader)
}

/** An integer from 0 to `max` in groups of seven bits. */
export const readVarint = (reader: Reader, max: number, expected: string): number => {
  const start = reader.offset
  let value = 0
  let scale = 1
  for (let index = 0; index < 8; index += 1, scale *= 0x80) {
    const byte = readU8(reader, expected)
    value += (byte & 0x7f) * scale
    if (byte >= 0x80) continue
    // A 0 that ends several bytes says nothing; the input may also just have ended, which is noted already.
    if (byte === 0 && index > 0) fail(reader, "form", "the shortest form of an integer", start)
    if (value <= max) return value
    break
  }
  fail(reader, "bounds", expected, start)
  return 0
}

/** An integer below 2^32 in groups of seven bits. */
export const readVarint32 = (reader: Reader): number =>
  readVarint(reader, 2 ** 32 - 1, "an integer below 2^32")

/** An integer below 2^53 in groups of seven bits. */
export const readVarint53 = (reader: Reader): number =>
  readVarint(reader, Number.MAX_SAFE_INTEGER, "an integer below 2^53")

/** A generation in groups of seven bits. */
export const readGeneration = (reader: Reader): number =>
  readVarint(reader, generationMax, "a generation below 2^52")

/** A generation in eight bytes. */
export const readGeneration64 = (reader: Reader): number => {
  const start = reader.offset
  const generation = readU64(reader)
  if (generation > generationMax) fail(reader, "bounds", "a generation below 2^52", start)
  return generation
}

/** A byte of flags, of which only those of `known` may be set. */
export const readFlags = (reader: Reader, known: number): number => {
  const start = reader.offset
  const flags = readU8(reader)
  if ((flags & ~known) !== 0) fail(reader, "form", "reserved bits that are zero", start)
  return flags & known
}

/** One of the codes 0, 1, 2 ... of `values`. */
export const readCode = <A>(reader: Reader, values: readonly [A, ...ReadonlyArray<A>]): A => {
  const start = reader.offset
  const value = values[readU8(reader)]
  if (value === undefined) fail(reader, "unknown", `a code below ${values.length}`, start)
  return value ?? values[0]
}

/** Printable ASCII without spaces after its length in a byte. */
const readAscii = (reader: Reader, min: number, max: number): string => {
  const start = reader.offset
  const length = readU8(reader)
  if (length < min || length > max) {
    fail(reader, "bounds", `a length from ${min} to ${max}`, start)
    return ""
  }
  const from = take(reader, length, "as many characters as announced")
  if (from === undefined) return ""
  let text = ""
  for (let at = from; at < from + length; at += 1) {
    const byte = reader.bytes[at] ?? 0
    if (byte < 0x21 || byte > 0x7e) {
      fail(reader, "text", "printable ASCII without spaces", at)
      return ""
    }
    text += String.fromCharCode(byte)
  }
  return text
}

/** The id of a member. */
export const readId = (reader: Reader): string => readAscii(reader, 1, wireLimits.idBytesMax)

/** The id of a member, or "" in its place. */
export const readOptionalId = (reader: Reader): string => readAscii(reader, 0, wireLimits.idBytesMax)

/** A name of at most 64 characters, such as the key of a label; its form is for the caller to check. */
export const readName = (reader: Reader): string => readAscii(reader, 1, 64)

/** UTF-8 after its length in bytes, with at most so many UTF-16 code units. */
export const readText = (reader: Reader, charactersMax: number): string => {
  const start = reader.offset
  const length = readVarint(reader, 3 * charactersMax, `at most ${3 * charactersMax} bytes of text`)
  const from = take(reader, length, "as many bytes of text as announced")
  if (from === undefined) return ""
  const text = readUtf8(reader.bytes, from, from + length)
  if (text === undefined) fail(reader, "text", "well-formed UTF-8", from)
  else if (text.length > charactersMax) fail(reader, "bounds", `at most ${charactersMax} characters`, start)
  return text ?? ""
}

/** Bytes after their length, copied. */
export const readBytes = (reader: Reader): Uint8Array => {
  const length = readVarint32(reader)
  const from = take(reader, length, "as many bytes as announced")
  // Not `slice`: a Buffer's shares its memory.
  return from === undefined ? new Uint8Array(0) : Uint8Array.from(reader.bytes.subarray(from, from + length))
}

/** An instance of 16 bytes as 32 lower-case hexadecimal digits. */
export const readInstance = (reader: Reader): string => {
  const from = take(reader, 16, "the 16 bytes of an instance")
  if (from === undefined) return ""
  let text = ""
  for (let at = from; at < from + 16; at += 1) text += hex[reader.bytes[at] ?? 0] ?? ""
  return text
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** Passes over extensions: codes from 128, each with a length and so many bytes. Stops at the end or at any other code. */
export const skipExtensions = (reader: Reader): void => {
  while (hasMore(reader) && (reader.bytes[reader.offset] ?? 0) >= firstExtension) {
    reader.offset += 1
    take(reader, readVarint32(reader), "as many bytes as announced")
    reader.skipped += 1
  }
}

/** Codes from here on may be passed over by those that do not know them. */
const firstExtension = 128
