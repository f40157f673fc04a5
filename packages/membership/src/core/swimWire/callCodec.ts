/**
 * The bytes of questions between members. They travel in the frames of SWIM, but say nothing about who is alive: the protocol's core never
 * sees them.
 */
import type { PingTarget } from "../swim/messages.ts"
import { wireLimits } from "./limits.ts"
import { readTarget, writeTarget } from "./targetCodec.ts"
import {
  type Decoded,
  finish,
  makeReader,
  type Malformed,
  readBytes,
  readCode,
  readName,
  readText,
  readU8,
  readVarint32,
  readVarint53,
  type Reader,
  fail
} from "./wireReader.ts"
import {
  type Writer,
  writeAscii,
  writeBytes,
  writeText,
  writeU8,
  writeVarint,
  written
} from "./wireWriter.ts"

/** A question to one process; at most one `Reply` or `CallRefused` answers it. */
export interface Call {
  readonly _tag: "Call"
  /** 53 random bits, which the answer repeats: an answer to another question cannot pass for it. */
  readonly id: number
  /** The process that is asked, so that the question can be shown to no other. */
  readonly target: PingTarget
  /** Which of the target's answers is meant: 1 to 64 characters. */
  readonly name: string
  /** Time in ms that the caller waits; at most 2^32 - 1. */
  readonly budgetMillis: number
  /** Largest payload of the reply in bytes; at most 2^32 - 1. */
  readonly replyBytesMax: number
  /** JSON in UTF-8. */
  readonly payload: Uint8Array
}

/** The answer to a call. */
export interface Reply {
  readonly _tag: "Reply"
  readonly id: number
  /** JSON in UTF-8. */
  readonly payload: Uint8Array
}

/** There is no answer to a call. */
export interface CallRefused {
  readonly _tag: "CallRefused"
  readonly id: number
  readonly reason: CallRefusal
  /** What would be right, in one clause; at most 256 characters. */
  readonly detail: string
}

/** What members ask and answer. */
export type CallMessage = Call | Reply | CallRefused

/** All reasons; a reason's place is its code on the wire. */
export const callRefusals = [
  /** Nobody answers this name. */
  "no_answer",
  /** More calls are being answered than the target allows. */
  "busy",
  /** The target was another process. */
  "not_me",
  /** The caller is no living member in the view of the target. */
  "unknown_caller",
  /** The target has left the cluster. */
  "left",
  /** The answer is larger than the caller or the wire takes. */
  "too_large",
  /** The payload is no JSON, or is nested too deep. */
  "malformed",
  /** The answer died. */
  "internal"
] as const

/** Why a call was refused. */
export type CallRefusal = (typeof callRefusals)[number]

const types = { Call: 7, Reply: 8, CallRefused: 9 } as const

/** Whether the type of a message is one of these. */
export const isCallType = (type: number | undefined): boolean =>
  type !== undefined && type >= types.Call && type <= types.CallRefused

/** Writes the type of a message and the message. */
export const writeCallMessage = (writer: Writer, message: CallMessage): void => {
  writeU8(writer, types[message._tag])
  writeVarint(writer, message.id)
  switch (message._tag) {
    case "Call":
      writeTarget(writer, message.target)
      writeAscii(writer, message.name)
      writeVarint(writer, message.budgetMillis)
      writeVarint(writer, message.replyBytesMax)
      return writeBytes(writer, message.payload)
    case "Reply":
      return writeBytes(writer, message.payload)
    case "CallRefused":
      writeU8(writer, callRefusals.indexOf(message.reason))
      return writeText(writer, message.detail)
  }
}

/** Reads the type of a message and the message. */
export const readCallMessage = (reader: Reader): CallMessage => {
  const start = reader.offset
  const type = readU8(reader, "the type of a message")
  if (!isCallType(type)) fail(reader, "unknown", "the type of a call or its answer", start)
  const id = readVarint53(reader)
  switch (type) {
    case types.Call:
      return {
        _tag: "Call",
        id,
        target: readTarget(reader),
        name: readName(reader),
        budgetMillis: readVarint32(reader),
        replyBytesMax: readVarint32(reader),
        payload: readBytes(reader)
      }
    case types.CallRefused: {
      const reason = readCode(reader, callRefusals)
      return { _tag: "CallRefused", id, reason, detail: readText(reader, wireLimits.callDetailCharactersMax) }
    }
    default:
      return { _tag: "Reply", id, payload: readBytes(reader) }
  }
}

/** The bytes of a message, for a stream. */
export const encodeCallMessage = (message: CallMessage): Uint8Array =>
  written((writer) => writeCallMessage(writer, message))

/** Reads a message that came over a stream. */
export const decodeCallMessage = (bytes: Uint8Array): Decoded<CallMessage> | Malformed => {
  const reader = makeReader(bytes)
  return finish(reader, readCallMessage(reader))
}
