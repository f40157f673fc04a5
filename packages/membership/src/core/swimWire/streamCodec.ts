/**
 * The bytes of the messages of a stream. Answers and pushes come in parts, so that neither side ever holds more than one bounded message.
 *
 * Extensions of later versions follow a message as codes from 128, which those that do not know them pass over.
 */
import {
  bucketsMax,
  type PacketMessage,
  type SyncAnswer,
  type SyncEntry,
  type SyncPush,
  type SyncRefused,
  type SyncRequest
} from "../swim/messages.ts"
import { type CallMessage, encodeCallMessage } from "./callCodec.ts"
import { readItem, readRecord, writeItem, writeRecord } from "./itemCodec.ts"
import { wireLimits } from "./limits.ts"
import { readMessage, writeMessage } from "./packetCodec.ts"
import {
  type Decoded,
  fail,
  finish,
  hasMore,
  makeReader,
  type Malformed,
  readBytes,
  readCode,
  readFlags,
  readU16,
  readU32,
  readU8,
  readVarint,
  readVarint53,
  type Reader,
  skipExtensions
} from "./wireReader.ts"
import {
  measure,
  type Writer,
  writeBytes,
  writeU16,
  writeU32,
  writeU8,
  writeVarint,
  written
} from "./wireWriter.ts"

/** Part of an answer; `last` when none follows. Only the first part names the buckets that differ. */
export interface SyncAnswerPart extends SyncAnswer {
  readonly last: boolean
}

/** Part of a push; `last` when none follows. */
export interface SyncPushPart extends SyncPush {
  readonly last: boolean
}

/** Part of a call or its answer that no packet has room for; `last` when none follows. */
export interface CallPart {
  readonly _tag: "CallPart"
  readonly last: boolean
  /** A piece of the message's own bytes, in order. */
  readonly bytes: Uint8Array
}

/** One message of a stream: of a push/pull, of a ping, or of a call. */
export type StreamMessage =
  | PacketMessage
  | SyncRequest
  | SyncAnswerPart
  | SyncPushPart
  | SyncRefused
  | CallPart

const types = { SyncRequest: 16, SyncAnswer: 17, SyncPush: 18, SyncRefused: 19, CallPart: 20 } as const

/** The bytes of a message. Values must keep the bounds of `wireLimits` and the types, or the receiver refuses it. */
export const encodeStreamMessage = (message: StreamMessage): Uint8Array =>
  written((writer) => writeStreamMessage(writer, message))

/** Reads a message. */
export const decodeStreamMessage = (bytes: Uint8Array): Decoded<StreamMessage> | Malformed => {
  const reader = makeReader(bytes)
  const message = readStreamMessage(reader)
  skipExtensions(reader)
  return finish(reader, message)
}

/** Cuts an answer into messages that keep `wireLimits`; at least one, and the last one says so. */
export const answerParts = ({ differing, entries }: SyncAnswer): ReadonlyArray<SyncAnswerPart> =>
  chunksOf(entries).map((chunk, index, { length }) => ({
    _tag: "SyncAnswer",
    last: index === length - 1,
    differing: index === 0 ? differing : [],
    entries: chunk
  }))

/** Cuts a push into messages that keep `wireLimits`; at least one, and the last one says so. */
export const pushParts = ({ entries }: SyncPush): ReadonlyArray<SyncPushPart> =>
  chunksOf(entries).map((chunk, index, { length }) => ({
    _tag: "SyncPush",
    last: index === length - 1,
    entries: chunk
  }))

/** Cuts a call or its answer into messages that keep `wireLimits`; the last one says so. */
export const callParts = (message: CallMessage): ReadonlyArray<CallPart> => {
  const bytes = encodeCallMessage(message)
  const count = Math.ceil(bytes.length / callPartBytes)
  return Array.from({ length: count }, (_, index) => ({
    _tag: "CallPart",
    last: index === count - 1,
    bytes: bytes.subarray(index * callPartBytes, (index + 1) * callPartBytes)
  }))
}

const { callPartBytes } = wireLimits

/** Room for a part's own fields, all buckets among them. */
const headBytesMax = 8 + 2 * bucketsMax

const chunksOf = (entries: ReadonlyArray<SyncEntry>): ReadonlyArray<ReadonlyArray<SyncEntry>> => {
  const chunks: Array<Array<SyncEntry>> = []
  let chunk: Array<SyncEntry> = []
  let room = wireLimits.streamMessageBytesMax - headBytesMax
  for (const entry of entries) {
    const bytes = measure((writer) => writeEntry(writer, entry))
    if (bytes > room || chunk.length === wireLimits.entriesPerPart) {
      chunks.push(chunk)
      chunk = []
      room = wireLimits.streamMessageBytesMax - headBytesMax
    }
    chunk.push(entry)
    room -= bytes
  }
  return [...chunks, chunk]
}

const writeStreamMessage = (writer: Writer, message: StreamMessage): void => {
  switch (message._tag) {
    case "SyncRequest":
      return writeRequest(writer, message)
    case "SyncAnswer":
      writePart(writer, message)
      writeVarint(writer, message.differing.length)
      for (const bucket of message.differing) writeU16(writer, bucket)
      return writeEntries(writer, message.entries)
    case "SyncPush":
      writePart(writer, message)
      return writeEntries(writer, message.entries)
    case "SyncRefused":
      writeU8(writer, types.SyncRefused)
      return writeU8(writer, refusals.indexOf(message.reason))
    case "CallPart":
      writePart(writer, message)
      return writeBytes(writer, message.bytes)
    case "Ping":
    case "PingReq":
    case "Ack":
    case "Nack":
    case "NotMe":
    case "Gossip":
      return writeMessage(writer, message)
  }
}

/** Writes the type of a part and whether another follows. */
const writePart = (writer: Writer, { _tag, last }: SyncAnswerPart | SyncPushPart | CallPart): void => {
  writeU8(writer, types[_tag])
  writeU8(writer, last ? 1 : 0)
}

const readStreamMessage = (reader: Reader): StreamMessage => {
  switch (readU8(reader, "the type of a message")) {
    case types.SyncRequest:
      return readRequest(reader)
    case types.SyncAnswer: {
      const last = readFlags(reader, 1) === 1
      return { _tag: "SyncAnswer", last, differing: readDiffering(reader), entries: readEntries(reader) }
    }
    case types.SyncPush: {
      const last = readFlags(reader, 1) === 1
      return { _tag: "SyncPush", last, entries: readEntries(reader) }
    }
    case types.SyncRefused:
      return { _tag: "SyncRefused", reason: readCode(reader, refusals) }
    case types.CallPart:
      return readCallPart(reader)
    default:
      reader.offset = 0
      return readMessage(reader)
  }
}

const readCallPart = (reader: Reader): CallPart => {
  const start = reader.offset
  const last = readFlags(reader, 1) === 1
  const bytes = readBytes(reader)
  // Only the last part may be short, so that a message has one form and no more parts than it needs.
  if (bytes.length === 0 || bytes.length > callPartBytes || (!last && bytes.length < callPartBytes)) {
    fail(reader, "form", `${callPartBytes} bytes, or the last ones`, start)
  }
  return { _tag: "CallPart", last, bytes }
}

const refusals = ["version", "not_admitted", "full", "not_a_member"] as const

const writeRequest = (writer: Writer, { buckets, joining, salt, sender }: SyncRequest): void => {
  writeU8(writer, types.SyncRequest)
  writeRecord(writer, sender)
  writeU8(writer, joining ? 1 : 0)
  writeU32(writer, salt)
  writeVarint(writer, buckets.length)
  for (const hash of buckets) writeU32(writer, hash)
}

const readRequest = (reader: Reader): SyncRequest => ({
  _tag: "SyncRequest",
  sender: readRecord(reader),
  joining: readFlags(reader, 1) === 1,
  salt: readU32(reader),
  buckets: readList(reader, bucketsMax, readU32)
})

/** Never more elements than the input has bytes, whatever count it claims. */
const readList = <A>(reader: Reader, max: number, read: (reader: Reader) => A): Array<A> => {
  const count = readVarint(reader, max, `a count up to ${max}`)
  const list: Array<A> = []
  while (list.length < count && hasMore(reader)) list.push(read(reader))
  if (list.length < count) fail(reader, "truncated", "as many elements as announced", reader.offset)
  return list
}

const readDiffering = (reader: Reader): Array<number> => {
  const start = reader.offset
  const differing = readList(reader, bucketsMax, readU16)
  if (differing.some((bucket, index) => bucket >= bucketsMax || bucket <= (differing[index - 1] ?? -1))) {
    fail(reader, "form", `ascending buckets below ${bucketsMax}`, start)
  }
  return differing
}

const recordBit = 1
const doubtBit = 2

const writeEntries = (writer: Writer, entries: ReadonlyArray<SyncEntry>): void => {
  writeVarint(writer, entries.length)
  for (const entry of entries) writeEntry(writer, entry)
}

const readEntries = (reader: Reader): Array<SyncEntry> =>
  readList(reader, wireLimits.entriesPerPart, readEntry)

const writeEntry = (writer: Writer, { ageMillis, doubt, record }: SyncEntry): void => {
  writeU8(writer, (record === undefined ? 0 : recordBit) | (doubt === undefined ? 0 : doubtBit))
  if (record !== undefined) writeRecord(writer, record)
  if (doubt === undefined) return
  writeItem(writer, doubt)
  writeVarint(writer, ageMillis)
}

const readEntry = (reader: Reader): SyncEntry => {
  const start = reader.offset
  const flags = readFlags(reader, recordBit | doubtBit)
  const record = (flags & recordBit) === 0 ? undefined : readRecord(reader)
  const doubt = (flags & doubtBit) === 0 ? undefined : readDoubt(reader)
  if (flags === 0) fail(reader, "inconsistent", "a record or a doubt", start)
  if (record !== undefined && doubt !== undefined && record.id !== doubt.id) {
    fail(reader, "inconsistent", "a record and a doubt of one member", start)
  }
  return { record, doubt, ageMillis: doubt === undefined ? 0 : readVarint53(reader) }
}

const readDoubt = (reader: Reader): SyncEntry["doubt"] => {
  const start = reader.offset
  const item = readItem(reader)
  if (item === undefined || item.kind === "alive" || item.kind === "user") {
    fail(reader, "inconsistent", "an accusation or a goodbye", start)
    return undefined
  }
  return item
}
