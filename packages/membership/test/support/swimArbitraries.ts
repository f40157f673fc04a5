/** Everything that SWIM can put on the wire, as arbitraries within the bounds of the core. */
import * as fc from "fast-check"

import { generationMax } from "../../src/core/swim/memberKey.ts"
import type { Accusation, Departure, MemberRecord } from "../../src/core/swim/memberRecord.ts"
import {
  bucketsMax,
  type GossipItem,
  type PacketMessage,
  type SyncEntry,
  type UserEvent
} from "../../src/core/swim/messages.ts"
import { type CallMessage, callRefusals } from "../../src/core/swimWire/callCodec.ts"
import type { PacketBody } from "../../src/core/swimWire/packetCodec.ts"
import type { StreamMessage } from "../../src/core/swimWire/streamCodec.ts"

const characters = (from: number, to: number) => fc.integer({ min: from, max: to }).map(String.fromCharCode)

/** 1 to 128 printable ASCII characters. */
export const nodeId = fc.string({ unit: characters(0x21, 0x7e), minLength: 1, maxLength: 128 })

const u8 = fc.integer({ min: 0, max: 255 })
const u32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 127, 128, 2 ** 32 - 1))
const u53 = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER)
)
const generation = fc.oneof(
  fc.integer({ min: 0, max: generationMax }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 32, generationMax)
)
const instance = fc.string({
  unit: fc.constantFrom(..."0123456789abcdef".split("")),
  minLength: 32,
  maxLength: 32
})
const address = fc.string({ unit: characters(0x21, 0x7e), minLength: 1, maxLength: 256 })
const text = (minLength: number, maxLength: number) =>
  fc
    .string({ unit: "binary", minLength, maxLength })
    .filter((value) => value.length >= minLength && value.length <= maxLength)

const labelKey = fc
  .tuple(
    characters(0x61, 0x7a),
    fc.string({ unit: fc.constantFrom(..."aZ09_.:/-".split("")), minLength: 0, maxLength: 63 })
  )
  .map(([head, tail]) => head + tail)

/** What SWIM and the heartbeat call metadata. */
const metadata = fc
  .uniqueArray(fc.tuple(labelKey, text(0, 256)), { selector: ([key]) => key, maxLength: 32 })
  .map((labels) => Object.fromEntries(labels))

const versions = fc
  .tuple(u8, u8, u8)
  .map((three) => three.toSorted((one, other) => one - other))
  .map(([min = 0, current = 0, max = 0]) => ({ min, current, max }))

const key = { id: nodeId, generation, instance, incarnation: u32 }

const memberRecord: fc.Arbitrary<MemberRecord> = fc.record({
  kind: fc.constant("alive"),
  ...key,
  address,
  metadata,
  versions,
  capabilities: u32
})

const by = (id: string) => fc.oneof(fc.constant(id), nodeId)

const accusation: fc.Arbitrary<Accusation> = nodeId.chain((id) =>
  fc.record({
    kind: fc.constantFrom("suspect", "dead"),
    ...key,
    id: fc.constant(id),
    by: by(id),
    evidence: fc.record({
      cause: fc.constantFrom("silence", "unreachable", "not_me"),
      helpers: u8,
      nacks: u8,
      stream: fc.boolean(),
      confirmations: u8
    })
  })
)

const departure: fc.Arbitrary<Departure> = nodeId.chain((id) =>
  fc.record({ kind: fc.constant("left"), ...key, id: fc.constant(id), by: by(id) })
)

const userEvent: fc.Arbitrary<UserEvent> = fc.record({
  kind: fc.constant("user"),
  origin: nodeId,
  generation,
  name: text(1, 128),
  version: u53,
  payload: fc.uint8Array({ maxLength: 300 })
})

const gossipItem: fc.Arbitrary<GossipItem> = fc.oneof(memberRecord, accusation, departure, userEvent)

const target = fc.record({ id: nodeId, generation, instanceHash: u32 })
const sender = fc.record({ generation, instanceHash: u32, incarnation: u32 })

const packetMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ _tag: fc.constant("Ping"), seq: u32, target, sender }),
  fc.record({
    _tag: fc.constant("PingReq"),
    seq: u32,
    target,
    address,
    incarnation: u32,
    budgetMillis: u32
  }),
  fc.record({ _tag: fc.constant("Ack"), seq: u32, target, wantsRecord: fc.boolean(), view: u32 }),
  fc.record({
    _tag: fc.constant("Nack"),
    seq: u32,
    reason: fc.constantFrom("no_answer", "rate_limited")
  }),
  fc.record({ _tag: fc.constant("NotMe"), seq: u32, id: nodeId, generation }),
  fc.record({ _tag: fc.constant("Gossip") })
)

const payload = fc.uint8Array({ maxLength: 300 })

/** Every call and every answer to one. */
const callMessage: fc.Arbitrary<CallMessage> = fc.oneof(
  fc.record({
    _tag: fc.constant("Call"),
    id: u53,
    target,
    name: fc.string({ unit: characters(0x21, 0x7e), minLength: 1, maxLength: 64 }),
    budgetMillis: u32,
    replyBytesMax: u32,
    payload
  }),
  fc.record({ _tag: fc.constant("Reply"), id: u53, payload }),
  fc.record({
    _tag: fc.constant("CallRefused"),
    id: u53,
    reason: fc.constantFrom(...callRefusals),
    detail: text(0, 256)
  })
)

/** A message and what rides along. */
export const packetBody: fc.Arbitrary<PacketBody> = fc.record({
  message: fc.oneof(packetMessage, callMessage),
  gossip: fc.array(gossipItem, { maxLength: 6 })
})

/** An entry of a push/pull. */
export const syncEntry: fc.Arbitrary<SyncEntry> = fc
  .tuple(fc.option(memberRecord), fc.option(fc.oneof(accusation, departure)), u53)
  .filter(([record, doubt]) => record !== null || doubt !== null)
  .map(([record, doubt, ageMillis]) => {
    if (doubt === null) return { record: record ?? undefined, doubt: undefined, ageMillis: 0 }
    if (record === null) return { record: undefined, doubt, ageMillis }
    // Both are about one member.
    return { record, doubt: { ...doubt, id: record.id, by: `${record.id.slice(1)}+` }, ageMillis }
  })

const entries = fc.array(syncEntry, { maxLength: 5 })

/** Every message of a stream. */
export const streamMessage: fc.Arbitrary<StreamMessage> = fc.oneof(
  packetMessage,
  fc.record({
    _tag: fc.constant("SyncRequest"),
    sender: memberRecord,
    joining: fc.boolean(),
    salt: u32,
    buckets: fc.array(u32, { maxLength: bucketsMax })
  }),
  fc.record({
    _tag: fc.constant("SyncAnswer"),
    differing: fc
      .uniqueArray(fc.nat({ max: bucketsMax - 1 }), { maxLength: 20 })
      .map((buckets) => buckets.toSorted((one, other) => one - other)),
    entries,
    last: fc.boolean()
  }),
  fc.record({ _tag: fc.constant("SyncPush"), entries, last: fc.boolean() }),
  fc.record({
    _tag: fc.constant("SyncRefused"),
    reason: fc.constantFrom("version", "not_admitted", "full", "not_a_member")
  }),
  fc.record({
    _tag: fc.constant("CallPart"),
    last: fc.constant(true),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 })
  })
)
