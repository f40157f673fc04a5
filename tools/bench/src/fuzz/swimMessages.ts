/** Random messages as members send them, about few members, so that they meet each other in the state of a node. */
import { generationMax } from "@coterie/membership/core/swim/memberKey"
import type { Accusation, Departure, MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import type { GossipItem, PacketMessage, SyncEntry } from "@coterie/membership/core/swim/messages"
import { callRefusals, type CallMessage } from "@coterie/membership/core/swimWire/callCodec"
import { wireLimits } from "@coterie/membership/core/swimWire/limits"
import type { PacketBody } from "@coterie/membership/core/swimWire/packetCodec"
import type { StreamMessage } from "@coterie/membership/core/swimWire/streamCodec"

import type { Draw } from "./randomNumbers.ts"

const instances = [
  "0".repeat(32),
  `${"0".repeat(31)}1`,
  "0123456789abcdef".repeat(2),
  "f".repeat(32)
] as const
const incarnations = [0, 1, 2, 128, 2 ** 32 - 2, 2 ** 32 - 1] as const
const generations = [0, 1, 2, 1_700_000_000_000, generationMax - 1, generationMax] as const
const u32s = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1] as const

/** Id of the node that is fuzzed. */
export const victim = "n0"

/** An id, mostly of one of 40 members. */
export const anyId = (draw: Draw): string =>
  draw.below(50) === 0 ? "x".repeat(1 + draw.below(128)) : `n${draw.below(40)}`

const text = (draw: Draw, max: number): string =>
  draw.pick(["a", "zürich", "日本", "😀"]).repeat(draw.below(max))

const key = (draw: Draw) => ({
  id: anyId(draw),
  generation: draw.pick(generations),
  instance: draw.pick(instances),
  incarnation: draw.pick(incarnations)
})

const record = (draw: Draw): MemberRecord => ({
  kind: "alive",
  ...key(draw),
  address: `10.0.0.${draw.below(40)}:7946`,
  versions: draw.pick([
    { min: 1, current: 1, max: 1 },
    { min: 0, current: 9, max: 255 }
  ]),
  capabilities: draw.pick(u32s),
  metadata: Object.fromEntries(
    Array.from({ length: draw.below(4) }, (_, index) => [`k${index}`, text(draw, 8)])
  )
})

const accusation = (draw: Draw): Accusation => ({
  kind: draw.pick(["suspect", "dead"]),
  ...key(draw),
  by: anyId(draw),
  evidence: {
    cause: draw.pick(["silence", "unreachable", "not_me"]),
    helpers: draw.below(256),
    nacks: draw.below(256),
    stream: draw.below(2) === 0,
    confirmations: draw.below(256)
  }
})

const departure = (draw: Draw): Departure => ({ kind: "left", ...key(draw), by: anyId(draw) })

const item = (draw: Draw): GossipItem => {
  switch (draw.below(5)) {
    case 0:
      return {
        kind: "user",
        origin: anyId(draw),
        generation: draw.pick(generations),
        name: `e${draw.below(100)}`,
        version: draw.below(1000),
        payload: new Uint8Array(draw.below(200))
      }
    case 1:
      return departure(draw)
    case 2:
      return accusation(draw)
    default:
      return record(draw)
  }
}

const target = (draw: Draw) => ({
  id: draw.pick([victim, anyId(draw)]),
  generation: draw.pick(generations),
  instanceHash: draw.pick(u32s)
})

const message = (draw: Draw, seqs: readonly [number, ...ReadonlyArray<number>]): PacketMessage => {
  const seq = draw.pick(seqs)
  switch (draw.below(6)) {
    case 0: {
      const sender = {
        generation: draw.pick(generations),
        instanceHash: draw.pick(u32s),
        incarnation: draw.pick(incarnations)
      }
      return { _tag: "Ping", seq, target: target(draw), sender }
    }
    case 1:
      return {
        _tag: "PingReq",
        seq,
        target: target(draw),
        address: `10.0.0.${draw.below(40)}:7946`,
        incarnation: draw.pick(incarnations),
        budgetMillis: draw.pick(u32s)
      }
    case 2:
      return {
        _tag: "Ack",
        seq,
        target: target(draw),
        wantsRecord: draw.below(2) === 0,
        view: draw.pick(u32s)
      }
    case 3:
      return { _tag: "Nack", seq, reason: draw.pick(["no_answer", "rate_limited"]) }
    case 4:
      return { _tag: "NotMe", seq, id: anyId(draw), generation: draw.pick(generations) }
    default:
      return { _tag: "Gossip" }
  }
}

const call = (draw: Draw): CallMessage => {
  const id = draw.pick(generations)
  const payload = new Uint8Array(draw.below(200)).fill(0x31)
  switch (draw.below(3)) {
    case 0: {
      const name = draw.pick(["beat", "x".repeat(64), "!"])
      const [budgetMillis, replyBytesMax] = [draw.pick(u32s), draw.pick(u32s)]
      return { _tag: "Call", id, target: target(draw), name, budgetMillis, replyBytesMax, payload }
    }
    case 1:
      return { _tag: "Reply", id, payload }
    default:
      return { _tag: "CallRefused", id, reason: draw.pick(callRefusals), detail: text(draw, 64) }
  }
}

/** A packet; `seq` is one that the node may be waiting for. */
export const anyPacket = (draw: Draw, seq: number): PacketBody => ({
  message: draw.below(5) === 0 ? call(draw) : message(draw, [seq, draw.pick(u32s)]),
  gossip: Array.from({ length: draw.below(6) }, () => item(draw))
})

const entry = (draw: Draw): SyncEntry => {
  const known = draw.below(4) === 0 ? undefined : record(draw)
  if (known !== undefined && draw.below(2) === 0) return { record: known, doubt: undefined, ageMillis: 0 }
  const doubt = draw.below(2) === 0 ? accusation(draw) : departure(draw)
  return {
    record: known,
    doubt: known === undefined ? doubt : { ...doubt, id: known.id },
    ageMillis: draw.pick(generations)
  }
}

const entries = (draw: Draw) => Array.from({ length: draw.below(6) }, () => entry(draw))

/** A message of a stream. */
export const anyStreamMessage = (draw: Draw): StreamMessage => {
  const last = draw.below(2) === 0
  switch (draw.below(5)) {
    case 0: {
      const buckets = Array.from({ length: draw.pick([0, 1, 16, 1024]) }, () => draw.below(2 ** 32))
      return {
        _tag: "SyncRequest",
        sender: record(draw),
        joining: last,
        salt: draw.pick(u32s),
        buckets
      }
    }
    case 1:
      return {
        _tag: "SyncAnswer",
        differing: draw.pick([[], [0], [0, 5, 1023]]),
        entries: entries(draw),
        last
      }
    case 2:
      return { _tag: "SyncPush", entries: entries(draw), last }
    case 3: {
      const isLast = draw.below(50) > 0
      const size = isLast ? 1 + draw.below(300) : wireLimits.callPartBytes
      return { _tag: "CallPart", last: isLast, bytes: new Uint8Array(size).fill(draw.below(256)) }
    }
    default:
      return {
        _tag: "SyncRefused",
        reason: draw.pick(["version", "not_admitted", "full", "not_a_member"])
      }
  }
}
