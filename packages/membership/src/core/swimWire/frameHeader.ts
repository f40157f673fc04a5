/**
 * What stands in clear before every body: to whom it belongs, who says it and by which key it is sealed.
 *
 * The magic and the version stay where they are in all versions, so that a receiver can always tell a foreign datagram from another release.
 */
import type { MemberProcess } from "../swim/memberKey.ts"
import {
  type Decoded,
  fail,
  makeReader,
  type Malformed,
  readCode,
  readGeneration64,
  readId,
  readInstance,
  readU16,
  readU32,
  readU64,
  readU8
} from "./wireReader.ts"
import {
  type Writer,
  writeAscii,
  writeInstance,
  writeU16,
  writeU32,
  writeU64,
  writeU8
} from "./wireWriter.ts"

/** First two bytes of every frame. */
export const frameMagic = 0xc07e

/** Version of the wire; receivers refuse all others. */
export const wireVersion = 1

/** How frames are protected: `aes` encrypts and authenticates, `hmac` only authenticates, `plain` does neither. */
export type FrameMode = (typeof modes)[number]

/** `packet`: a datagram. `open`, `answer`: the two directions of a stream. */
export type FrameUse = (typeof uses)[number]

const modes = ["plain", "hmac", "aes"] as const
const uses = ["packet", "open", "answer"] as const

/** A process and the id of its member. */
export interface Sender extends MemberProcess {
  readonly id: string
}

/** The header of a frame. */
export interface FrameHeader {
  readonly use: FrameUse
  readonly mode: FrameMode
  /** First four bytes of the SHA-256 of the cluster's label. */
  readonly labelHash: number
  /** Which key; 0 when plain. */
  readonly keyId: number
  /** Safe integer from 1; a process never gives one twice, neither to packets nor to streams. */
  readonly seq: number
  readonly sender: Sender
}

/** Bytes of a header before the characters of the id. */
export const headerBytesMin = 46

/** Where the identity (instance, generation, id) begins, to the end of the header. */
export const identityOffset = 21

/** Bytes of the header of a sender's frames. */
export const headerBytes = (id: string): number => headerBytesMin + id.length

/** Writes a header. */
export const writeHeader = (writer: Writer, header: FrameHeader): void => {
  writeU16(writer, frameMagic)
  writeU8(writer, wireVersion)
  writeU8(writer, uses.indexOf(header.use))
  writeU8(writer, modes.indexOf(header.mode))
  writeU32(writer, header.labelHash)
  writeU32(writer, header.keyId)
  writeU64(writer, header.seq)
  writeInstance(writer, header.sender.instance)
  writeU64(writer, header.sender.generation)
  writeAscii(writer, header.sender.id)
}

/** Reads the header at the start of a frame; it ends after `headerBytes` of its sender's id. */
export const decodeHeader = (bytes: Uint8Array): Decoded<FrameHeader> | Malformed => {
  const reader = makeReader(bytes)
  if (readU16(reader) !== frameMagic) fail(reader, "magic", "the magic c07e", 0)
  if (readU8(reader) !== wireVersion) fail(reader, "version", `wire version ${wireVersion}`, 2)
  const use = readCode(reader, uses)
  const mode = readCode(reader, modes)
  const labelHash = readU32(reader)
  const keyId = readU32(reader)
  const seq = readU64(reader)
  const instance = readInstance(reader)
  const generation = readGeneration64(reader)
  const header = { use, mode, labelHash, keyId, seq, sender: { id: readId(reader), generation, instance } }
  return reader.failure ?? { _tag: "Decoded", value: header, skipped: 0 }
}
