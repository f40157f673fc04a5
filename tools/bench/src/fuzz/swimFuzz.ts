/** Throws packets at the decoders of SWIM, and what they let through at a node. */
import {
  decodeCallMessage,
  encodeCallMessage,
  type CallMessage
} from "@coterie/membership/core/swimWire/callCodec"
import {
  decodePacketBody,
  packetSizes,
  writePacketBody,
  type PacketBody
} from "@coterie/membership/core/swimWire/packetCodec"
import {
  decodeStreamMessage,
  encodeStreamMessage,
  type StreamMessage
} from "@coterie/membership/core/swimWire/streamCodec"
import type { Decoded, Malformed } from "@coterie/membership/core/swimWire/wireReader"
import { written } from "@coterie/membership/core/swimWire/wireWriter"

import { mutate, noise } from "./mutate.ts"
import { type Draw, drawFrom } from "./randomNumbers.ts"
import { anyPacket, anyStreamMessage } from "./swimMessages.ts"
import { makeVictim, type Victim } from "./swimVictim.ts"

/** How much to throw. */
export interface FuzzOptions {
  readonly packets: number
  readonly seed: number
  /** Called once per 100 000 packets. */
  readonly onProgress?: (packets: number) => void
}

/** What came of it. */
export interface FuzzReport {
  readonly packets: number
  /** Packets that were messages. */
  readonly decoded: number
  /** The first broken promise, which ends the run, and its packet in hexadecimal. */
  readonly failure: { readonly detail: string; readonly hex: string } | undefined
}

/** Runs until the packets are used up or a promise is broken. */
export const fuzzSwim = ({ onProgress, packets, seed }: FuzzOptions): FuzzReport => {
  const draw = drawFrom(seed)
  const victim = makeVictim(draw)
  const pool = Array.from({ length: 256 }, () => freshBytes(draw, victim))
  let decoded = 0
  for (let count = 1; count <= packets; count += 1) {
    const bytes = nextBytes(draw, victim, pool)
    try {
      if (throwAt(victim, bytes)) decoded += 1
    } catch (cause) {
      const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
      return { packets: count, decoded, failure: { detail, hex: Buffer.from(bytes).toString("hex") } }
    }
    if (count % 100_000 === 0) onProgress?.(count)
  }
  return { packets, decoded, failure: undefined }
}

const freshBytes = (draw: Draw, victim: Victim): Uint8Array =>
  draw.below(4) === 0
    ? encodeStreamMessage(anyStreamMessage(draw))
    : encodePacket(anyPacket(draw, victim.seq()))

/** A tenth noise, a fifth as it was sent, the rest damaged. */
const nextBytes = (draw: Draw, victim: Victim, pool: Array<Uint8Array>): Uint8Array => {
  const kind = draw.below(10)
  if (kind === 0) return noise(draw)
  const at = draw.below(pool.length)
  if (draw.below(8) === 0) pool[at] = freshBytes(draw, victim)
  const bytes = pool[at] ?? noise(draw)
  return kind < 3 ? bytes : mutate(draw, bytes, pool[draw.below(pool.length)] ?? bytes)
}

/** Whether the bytes were a message. Fails on a broken promise. */
const throwAt = (victim: Victim, bytes: Uint8Array): boolean => {
  const packet = decodePacketBody(bytes)
  check(packet, bytes, encodePacket)
  if (packet._tag === "Decoded") victim.hear(packet.value)
  const message = decodeStreamMessage(bytes)
  check(message, bytes, encodeStreamMessage)
  if (message._tag === "Decoded") victim.hearStream(message.value)
  const call = decodeCallMessage(bytes)
  check(call, bytes, encodeCallMessage)
  return [packet, message, call].some(({ _tag }) => _tag === "Decoded")
}

const sizes = packetSizes(0)

const encodePacket = (body: PacketBody): Uint8Array => {
  const bytes = written((writer) => writePacketBody(writer, body))
  const counted = body.gossip.reduce((sum, item) => sum + sizes.item(item), sizes.message(body.message))
  if (counted !== bytes.length) throw new RangeError(`${bytes.length} bytes were counted as ${counted}`)
  return bytes
}

const check = <A extends PacketBody | StreamMessage | CallMessage>(
  result: Decoded<A> | Malformed,
  bytes: Uint8Array,
  encode: (value: A) => Uint8Array
): void => {
  if (result._tag === "Malformed") {
    if (result.offset > bytes.length) throw new RangeError(`an offset of ${result.offset} of ${bytes.length}`)
    return
  }
  // What was read has one form only, but extensions are not kept.
  if (result.skipped === 0 && Buffer.compare(encode(result.value), bytes) !== 0) {
    throw new RangeError("a message was read from bytes that are not its own form")
  }
}
