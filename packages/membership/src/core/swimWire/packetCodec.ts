/**
 * The bytes of a packet's body: one message, then items to the end.
 *
 * Extensions of later versions ride as items with kinds from 128, which those that do not know them pass over and never tell on.
 */
import type {
  Ack,
  GossipItem,
  Nack,
  NotMe,
  PacketMessage,
  PacketSizes,
  Ping,
  PingReq
} from "../swim/messages.ts"
import { type CallMessage, isCallType, readCallMessage, writeCallMessage } from "./callCodec.ts"
import { readAddress, readItem, sizeOfItem, writeAddress, writeItem } from "./itemCodec.ts"
import { readTarget, writeTarget } from "./targetCodec.ts"
import {
  type Decoded,
  fail,
  finish,
  hasMore,
  makeReader,
  type Malformed,
  readCode,
  readFlags,
  readGeneration,
  readId,
  readU32,
  readU8,
  readVarint32,
  type Reader,
  skipExtensions
} from "./wireReader.ts"
import { measure, type Writer, writeAscii, writeU32, writeU8, writeVarint } from "./wireWriter.ts"

/** What a packet says. */
export interface PacketBody {
  readonly message: PacketMessage | CallMessage
  readonly gossip: ReadonlyArray<GossipItem>
}

/** Bytes of a message in a packet. */
export const sizeOfMessage = (message: PacketBody["message"]): number =>
  measure((writer) => writeAnyMessage(writer, message))

/** How the core counts its packets, where a frame adds `overheadBytes` to a body. */
export const packetSizes = (overheadBytes: number) =>
  ({
    message: (message: PacketBody["message"]) => overheadBytes + sizeOfMessage(message),
    item: sizeOfItem
  }) satisfies PacketSizes

/** Writes a body. Values must keep the bounds of `wireLimits` and the types, or the receiver refuses it. */
export const writePacketBody = (writer: Writer, { gossip, message }: PacketBody): void => {
  writeAnyMessage(writer, message)
  for (const item of gossip) writeItem(writer, item)
}

/** Reads a body. */
export const decodePacketBody = (bytes: Uint8Array): Decoded<PacketBody> | Malformed => {
  const reader = makeReader(bytes)
  const message = isCallType(bytes[0]) ? readCallMessage(reader) : readMessage(reader)
  const gossip: Array<GossipItem> = []
  for (skipExtensions(reader); hasMore(reader); skipExtensions(reader)) {
    const item = readItem(reader)
    if (item !== undefined) gossip.push(item)
  }
  return finish(reader, { message, gossip })
}

/** Whether a message is a call or its answer, and none of the protocol's. */
export const isCallMessage = (message: PacketBody["message"]): message is CallMessage =>
  message._tag === "Call" || message._tag === "Reply" || message._tag === "CallRefused"

const writeAnyMessage = (writer: Writer, message: PacketBody["message"]): void =>
  isCallMessage(message) ? writeCallMessage(writer, message) : writeMessage(writer, message)

const types = { Ping: 1, PingReq: 2, Ack: 3, Nack: 4, NotMe: 5, Gossip: 6 } as const

/** Writes the type of a message and the message. */
export const writeMessage = (writer: Writer, message: PacketMessage): void => {
  writeU8(writer, types[message._tag])
  switch (message._tag) {
    case "Ping":
      return writePing(writer, message)
    case "PingReq":
      return writePingReq(writer, message)
    case "Ack":
      return writeAck(writer, message)
    case "Nack":
      return writeNack(writer, message)
    case "NotMe":
      return writeNotMe(writer, message)
    case "Gossip":
  }
}

/** Reads the type of a message and the message. */
export const readMessage = (reader: Reader): PacketMessage => {
  const start = reader.offset
  switch (readU8(reader, "the type of a message")) {
    case types.Ping:
      return readPing(reader)
    case types.PingReq:
      return readPingReq(reader)
    case types.Ack:
      return readAck(reader)
    case types.Nack:
      return readNack(reader)
    case types.NotMe:
      return readNotMe(reader)
    case types.Gossip:
      break
    default:
      fail(reader, "unknown", "the type of a message", start)
  }
  return { _tag: "Gossip" }
}

const writePing = (writer: Writer, { sender, seq, target }: Ping): void => {
  writeU32(writer, seq)
  writeTarget(writer, target)
  writeVarint(writer, sender.generation)
  writeU32(writer, sender.instanceHash)
  writeVarint(writer, sender.incarnation)
}

const readPing = (reader: Reader): Ping => ({
  _tag: "Ping",
  seq: readU32(reader),
  target: readTarget(reader),
  sender: {
    generation: readGeneration(reader),
    instanceHash: readU32(reader),
    incarnation: readVarint32(reader)
  }
})

const writePingReq = (writer: Writer, message: PingReq): void => {
  writeU32(writer, message.seq)
  writeTarget(writer, message.target)
  writeAddress(writer, message.address)
  writeVarint(writer, message.incarnation)
  writeVarint(writer, message.budgetMillis)
}

const readPingReq = (reader: Reader): PingReq => ({
  _tag: "PingReq",
  seq: readU32(reader),
  target: readTarget(reader),
  address: readAddress(reader),
  incarnation: readVarint32(reader),
  budgetMillis: readVarint32(reader)
})

const writeAck = (writer: Writer, { seq, target, view, wantsRecord }: Ack): void => {
  writeU32(writer, seq)
  writeTarget(writer, target)
  writeU8(writer, wantsRecord ? 1 : 0)
  writeU32(writer, view)
}

const readAck = (reader: Reader): Ack => ({
  _tag: "Ack",
  seq: readU32(reader),
  target: readTarget(reader),
  wantsRecord: readFlags(reader, 1) === 1,
  view: readU32(reader)
})

const nackReasons = ["no_answer", "rate_limited"] as const

const writeNack = (writer: Writer, { reason, seq }: Nack): void => {
  writeU32(writer, seq)
  writeU8(writer, nackReasons.indexOf(reason))
}

const readNack = (reader: Reader): Nack => ({
  _tag: "Nack",
  seq: readU32(reader),
  reason: readCode(reader, nackReasons)
})

const writeNotMe = (writer: Writer, { generation, id, seq }: NotMe): void => {
  writeU32(writer, seq)
  writeAscii(writer, id)
  writeVarint(writer, generation)
}

const readNotMe = (reader: Reader): NotMe => ({
  _tag: "NotMe",
  seq: readU32(reader),
  id: readId(reader),
  generation: readGeneration(reader)
})
