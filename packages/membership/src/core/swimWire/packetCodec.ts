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
  PingReq,
  PingTarget
} from "../swim/messages.ts"
import { readAddress, readItem, sizeOfItem, writeAddress, writeItem } from "./itemCodec.ts"
import {
  type Decoded,
  fail,
  finish,
  hasMore,
  makeReader,
  type Malformed,
  readCode,
  readFlags,
  readId,
  readU32,
  readU8,
  readVarint32,
  readVarint53,
  type Reader,
  skipExtensions
} from "./wireReader.ts"
import { measure, type Writer, writeAscii, writeU32, writeU8, writeVarint } from "./wireWriter.ts"

/** What a packet says. */
export interface PacketBody {
  readonly message: PacketMessage
  readonly gossip: ReadonlyArray<GossipItem>
}

/** Bytes of a message in a packet. */
export const sizeOfMessage = (message: PacketMessage): number =>
  measure((writer) => writeMessage(writer, message))

/** How the core counts its packets, where a frame adds `overheadBytes` to a body. */
export const packetSizes = (overheadBytes: number): PacketSizes => ({
  message: (message) => overheadBytes + sizeOfMessage(message),
  item: sizeOfItem
})

/** Writes a body. Values must keep the bounds of `wireLimits` and the types, or the receiver refuses it. */
export const writePacketBody = (writer: Writer, { gossip, message }: PacketBody): void => {
  writeMessage(writer, message)
  for (const item of gossip) writeItem(writer, item)
}

/** Reads a body. */
export const decodePacketBody = (bytes: Uint8Array): Decoded<PacketBody> | Malformed => {
  const reader = makeReader(bytes)
  const message = readMessage(reader)
  const gossip: Array<GossipItem> = []
  for (skipExtensions(reader); hasMore(reader); skipExtensions(reader)) {
    const item = readItem(reader)
    if (item !== undefined) gossip.push(item)
  }
  return finish(reader, { message, gossip })
}

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

const writeTarget = (writer: Writer, target: PingTarget): void => {
  writeAscii(writer, target.id)
  writeVarint(writer, target.generation)
  writeU32(writer, target.instanceHash)
}

const readTarget = (reader: Reader): PingTarget => ({
  id: readId(reader),
  generation: readVarint53(reader),
  instanceHash: readU32(reader)
})

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
    generation: readVarint53(reader),
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

const writeAck = (writer: Writer, { seq, target, wantsRecord }: Ack): void => {
  writeU32(writer, seq)
  writeTarget(writer, target)
  writeU8(writer, wantsRecord ? 1 : 0)
}

const readAck = (reader: Reader): Ack => ({
  _tag: "Ack",
  seq: readU32(reader),
  target: readTarget(reader),
  wantsRecord: readFlags(reader, 1) === 1
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
  generation: readVarint53(reader)
})
