/**
 * Writes the wire's primitives into a buffer that the caller owns.
 *
 * Bytes beyond the end of the buffer are dropped but counted, so writing into an empty buffer measures: the size of a value is by
 * construction the number of bytes that it takes.
 */
import { writeUtf8 } from "./utf8.ts"

/** A buffer and where the next byte goes. */
export interface Writer {
  readonly bytes: Uint8Array
  offset: number
}

const nowhere = new Uint8Array(0)

/** The number of bytes that `write` writes. */
export const measure = (write: (writer: Writer) => void): number => {
  const writer = { bytes: nowhere, offset: 0 }
  write(writer)
  return writer.offset
}

/** What `write` writes, in a buffer of its own. */
export const written = (write: (writer: Writer) => void): Uint8Array => {
  const writer = { bytes: new Uint8Array(measure(write)), offset: 0 }
  write(writer)
  return writer.bytes
}

/** One byte. */
export const writeU8 = (writer: Writer, value: number): void => {
  writer.bytes[writer.offset] = value
  writer.offset += 1
}

/** Two bytes, the greater first. */
export const writeU16 = (writer: Writer, value: number): void => {
  writeU8(writer, value >>> 8)
  writeU8(writer, value)
}

/** Four bytes, the greatest first. */
export const writeU32 = (writer: Writer, value: number): void => {
  writeU16(writer, value >>> 16)
  writeU16(writer, value)
}

/** A safe integer in eight bytes, the greatest first. */
export const writeU64 = (writer: Writer, value: number): void => {
  writeU32(writer, Math.floor(value / 2 ** 32))
  writeU32(writer, value % 2 ** 32)
}

/** An integer from 0 in groups of seven bits, the least first; a time in ms is rounded. */
export const writeVarint = (writer: Writer, value: number): void => {
  let rest = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)))
  while (rest >= 0x80) {
    writeU8(writer, (rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  writeU8(writer, rest)
}

/** ASCII after its length in a byte. */
export const writeAscii = (writer: Writer, text: string): void => {
  writeU8(writer, text.length)
  for (let index = 0; index < text.length; index += 1) writeU8(writer, text.charCodeAt(index))
}

/** UTF-8 after its length in bytes. */
export const writeText = (writer: Writer, text: string): void => {
  writeVarint(writer, writeUtf8(nowhere, 0, text))
  writer.offset = writeUtf8(writer.bytes, writer.offset, text)
}

/** Bytes after their length. */
export const writeBytes = (writer: Writer, value: Uint8Array): void => {
  writeVarint(writer, value.length)
  if (writer.offset + value.length <= writer.bytes.length) writer.bytes.set(value, writer.offset)
  writer.offset += value.length
}

/** An instance, 32 lower-case hexadecimal digits, as 16 bytes. */
export const writeInstance = (writer: Writer, instance: string): void => {
  for (let index = 0; index < 32; index += 2) {
    writeU8(writer, (digit(instance.charCodeAt(index)) << 4) | digit(instance.charCodeAt(index + 1)))
  }
}

const digit = (code: number): number => (code < 58 ? code - 48 : code - 87)
