/**
 * Streams of one node: each direction is a header and then messages, each sealed by itself under a key of this stream and direction.
 *
 * The header of the opener is used once, and the answers are bound to it, so that neither can be taken from another stream, replayed,
 * reordered or sent back. A stream that is cut short shows by the missing `last` of its messages.
 */
import type { KeyObject } from "node:crypto"

import { headerBytes, headerBytesMin, type Sender } from "../core/swimWire/frameHeader.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { decodeRefusal } from "../core/swimWire/refusal.ts"
import { decodeStreamMessage, encodeStreamMessage, type StreamMessage } from "../core/swimWire/streamCodec.ts"
import {
  type FramePrefix,
  type FrameTrust,
  type OwnName,
  type Refused,
  refused,
  refusedBody,
  senderName
} from "./frameTrust.ts"
import { packetSubkey } from "./packetSeal.ts"
import { deriveSubkey, noSubkey, openBody, sealBody, sealBytes } from "./seal.ts"

/** One end of a stream. */
export interface StreamEnd {
  /** The bytes of the next message; an answering end has nothing to say before it received. Dies on a message beyond `wireLimits`. */
  readonly seal: (message: StreamMessage) => Uint8Array
  /** The messages that are complete with these bytes, or a refusal, after which the stream is of no more use. Never throws. */
  readonly receive: (bytes: Uint8Array) => ReadonlyArray<StreamMessage> | Refused
  /** Who is at the other end; proven with the first message received, unless plain. */
  readonly peer: () => Sender | undefined
}

/** Seals or opens the messages of one direction in turn. */
interface Channel {
  readonly seal: (body: Uint8Array) => Uint8Array
  readonly open: (length: Uint8Array, sealed: Uint8Array) => Uint8Array | undefined
}

/** The end that opens a stream; `seal` a message first. */
export const openStream = (trust: FrameTrust, own: OwnName): StreamEnd => {
  const key = trust.primary()
  const asking = trust.nextHeader("open", own, key)
  const outgoing = makeChannel(trust, () =>
    deriveSubkey(key?.bytes ?? noKey, openPurpose(trust), asking.bytes)
  )
  let prelude: Uint8Array = asking.bytes

  const reader = makeReader(trust, (bytes) => {
    const told = decodeRefusal(bytes)
    if (told !== undefined) return refused(told === "busy" ? told : "told", `the other side refused: ${told}`)
    const answering = trust.admit(bytes, "answer")
    if (answering._tag === "Refused") return answering
    if (answering.header.keyId !== asking.header.keyId) {
      return refused("unknown_key", "an answer is sealed by the key of its question")
    }
    const subkey = () => answerSubkey(trust, key?.bytes ?? noKey, asking, answering)
    return { prefix: answering, channel: makeChannel(trust, subkey), proven: () => undefined }
  })
  return {
    seal: (message) => {
      const bytes = Buffer.concat([prelude, outgoing.seal(bodyOf(message))])
      prelude = noKey
      return bytes
    },
    receive: reader.receive,
    peer: reader.peer
  }
}

/** The end that answers a stream: `receive` first. */
export const answerStream = (trust: FrameTrust, own: OwnName): StreamEnd => {
  let outgoing: Channel | undefined
  let prelude: Uint8Array = noKey

  const reader = makeReader(trust, (bytes) => {
    const asking = trust.admit(bytes, "open")
    if (asking._tag === "Refused") return asking
    const { header, key } = asking
    const name = senderName(header)
    const look = () => {
      const seen = key === undefined ? "new" : trust.senders.look(name, header.seq)
      return seen === "new" ? undefined : refused(seen, `a stream ${header.seq} of ${header.sender.id}`)
    }
    const keyBytes = key?.bytes ?? noKey
    const proven = () => {
      const seen = look()
      if (seen !== undefined) return seen
      if (key !== undefined) trust.senders.note(name, packetSubkey(asking, key), header.seq)
      const answering = trust.nextHeader("answer", own, key)
      prelude = answering.bytes
      outgoing = makeChannel(trust, () => answerSubkey(trust, keyBytes, asking, answering))
      return undefined
    }
    const subkey = () => deriveSubkey(keyBytes, openPurpose(trust), asking.bytes)
    return look() ?? { prefix: asking, channel: makeChannel(trust, subkey), proven }
  })
  return {
    seal: (message) => {
      if (outgoing === undefined) throw new Error("a stream is answered after its first message was received")
      const bytes = Buffer.concat([prelude, outgoing.seal(bodyOf(message))])
      prelude = noKey
      return bytes
    },
    receive: reader.receive,
    peer: reader.peer
  }
}

const noKey = new Uint8Array(0)
const lengthBytes = 4

const openPurpose = ({ mode }: FrameTrust): string => `coterie swim stream ${mode}`

const answerSubkey = (
  { mode }: FrameTrust,
  key: Uint8Array,
  asking: FramePrefix,
  answering: FramePrefix
): KeyObject =>
  deriveSubkey(key, `coterie swim answer ${mode}`, Buffer.concat([asking.bytes, answering.bytes]))

const bodyOf = (message: StreamMessage): Uint8Array => {
  const body = encodeStreamMessage(message)
  if (body.length > wireLimits.streamMessageBytesMax) {
    throw new RangeError(`a stream message of ${body.length} bytes: answerParts and pushParts cut to size`)
  }
  return body
}

const makeChannel = (trust: FrameTrust, derive: () => KeyObject): Channel => {
  const { mode } = trust
  const subkey = mode === "plain" ? noSubkey : derive()
  let nonce = -1
  const next = (length: Uint8Array) => {
    nonce += 1
    const index = Buffer.alloc(8)
    index.writeBigUInt64BE(BigInt(nonce))
    return { mode, subkey, nonce, associated: trust.associate(index, length) }
  }
  return {
    seal: (body) => {
      const length = Buffer.alloc(lengthBytes)
      length.writeUInt32BE(body.length + sealBytes(mode))
      return Buffer.concat([length, ...sealBody(next(length), body)])
    },
    open: (length, sealed) => openBody(next(length), sealed)
  }
}

/** How a reader goes on after the header. */
interface Incoming {
  readonly prefix: FramePrefix
  readonly channel: Channel
  /** Called once, when the first message proved the sender; may still refuse it. */
  readonly proven: () => Refused | undefined
}

/** Cuts the bytes of one direction into its header and messages; holds at most one message that is not complete. */
const makeReader = (
  { mode }: FrameTrust,
  begin: (bytes: Uint8Array) => Incoming | Refused
): Pick<StreamEnd, "receive" | "peer"> => {
  let pending: Uint8Array = noKey
  let incoming: Incoming | undefined
  let peer: Sender | undefined

  /** The next message, a refusal, or undefined while it is not complete. */
  const next = (): StreamMessage | Refused | undefined => {
    if (incoming === undefined) {
      const begun = hasHeader(pending) ? begin(pending) : undefined
      if (begun === undefined || "_tag" in begun) return begun
      incoming = begun
      pending = pending.subarray(begun.prefix.bytes.length)
    }
    if (pending.length < lengthBytes) return undefined
    const head = pending.subarray(0, lengthBytes)
    const length = Buffer.from(head).readUInt32BE(0)
    const most = wireLimits.streamMessageBytesMax + sealBytes(mode)
    if (length > most) return refused("length", `a message of ${length} bytes; at most ${most} are allowed`)
    if (pending.length < lengthBytes + length) return undefined
    const body = incoming.channel.open(head, pending.subarray(lengthBytes, lengthBytes + length))
    if (body === undefined) return refused("forged", `not sealed by ${incoming.prefix.header.sender.id}`)
    pending = pending.subarray(lengthBytes + length)
    if (peer === undefined) {
      const stopped = incoming.proven()
      if (stopped !== undefined) return stopped
      peer = incoming.prefix.header.sender
    }
    const decoded = decodeStreamMessage(body)
    return decoded._tag === "Malformed" ? refusedBody(decoded) : decoded.value
  }

  let ended: Refused | undefined
  return {
    receive: (bytes) => {
      const messages: Array<StreamMessage> = []
      if (ended !== undefined) return ended
      pending = Buffer.concat([pending, bytes])
      for (let message = next(); message !== undefined; message = next()) {
        if (message._tag === "Refused") {
          ended = message
          pending = noKey
          return message
        }
        messages.push(message)
      }
      return messages
    },
    peer: () => peer
  }
}

/** Whether the header is all there, or will never be. */
const hasHeader = (bytes: Uint8Array): boolean =>
  decodeRefusal(bytes) !== undefined ||
  (bytes.length >= headerBytesMin && bytes.length >= headerBytesMin + (bytes[headerBytesMin - 1] ?? 0)) ||
  bytes.length >= headerBytesMax

const headerBytesMax = headerBytes("x".repeat(wireLimits.idBytesMax))
