import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"

import type { Accusation, Departure, MemberRecord } from "../../src/core/swim/memberRecord.ts"
import {
  bucketsMax,
  type GossipItem,
  type PacketMessage,
  type UserEvent
} from "../../src/core/swim/messages.ts"
import { type CallMessage, callRefusals } from "../../src/core/swimWire/callCodec.ts"
import { identityOffset } from "../../src/core/swimWire/frameHeader.ts"
import { wireLimits } from "../../src/core/swimWire/limits.ts"
import { decodePacketBody, type PacketBody, writePacketBody } from "../../src/core/swimWire/packetCodec.ts"
import { encodeRefusal, refusalReasons } from "../../src/core/swimWire/refusal.ts"
import { replayWindowSize } from "../../src/core/swimWire/replayWindow.ts"
import { encodeStreamMessage, type StreamMessage } from "../../src/core/swimWire/streamCodec.ts"
import { written } from "../../src/core/swimWire/wireWriter.ts"
import { type FrameKeys, makeFrameTrust } from "../../src/swim/frameTrust.ts"
import { makeKeyring } from "../../src/swim/Keyring.ts"
import { makePacketSeal } from "../../src/swim/packetSeal.ts"
import { deriveSubkey } from "../../src/swim/seal.ts"
import { answerStream, openStream } from "../../src/swim/streamSeal.ts"

const protocol = readFileSync(new URL("../../PROTOCOL.md", import.meta.url), "utf8")
/** Tables are padded. */
const unpadded = protocol.replaceAll(/ +/g, " ")

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const plainText = (value: unknown) =>
  JSON.stringify(value, (_, field: unknown) => (field instanceof Uint8Array ? `hex:${hex(field)}` : field))
const vector = (name: string, value: unknown, bytes: Uint8Array) =>
  `${name} ${plainText(value)}\n  ${hex(bytes)}`

const instance = "00112233445566778899aabbccddeeff"
const key = { id: "node-a", generation: 1_700_000_000_000, instance, incarnation: 3 }
const record: MemberRecord = {
  kind: "alive",
  ...key,
  address: "10.0.0.7:7946",
  versions: { min: 1, current: 1, max: 2 },
  capabilities: 1,
  metadata: { zone: "zürich", rack: "r1" }
}
const suspect: Accusation = {
  kind: "suspect",
  ...key,
  by: "node-b",
  evidence: { cause: "silence", helpers: 3, nacks: 2, stream: true, confirmations: 0 }
}
const dead: Accusation = {
  ...suspect,
  kind: "dead",
  evidence: { cause: "not_me", helpers: 0, nacks: 0, stream: false, confirmations: 200 }
}
const left: Departure = { kind: "left", ...key, by: "node-a" }
const event: UserEvent = {
  kind: "user",
  origin: "node-a",
  generation: 5,
  name: "deploy",
  version: 300,
  payload: Uint8Array.of(0xca, 0xfe)
}
const target = { id: "node-b", generation: 7, instanceHash: 0x01020304 }

const messages: ReadonlyArray<PacketMessage> = [
  { _tag: "Ping", seq: 1, target, sender: { generation: 6, instanceHash: 0x00112233, incarnation: 128 } },
  { _tag: "PingReq", seq: 2, target, address: "10.0.0.8:7946", incarnation: 0, budgetMillis: 450 },
  { _tag: "Ack", seq: 4_294_967_295, target, wantsRecord: true, view: 0xcafebabe },
  { _tag: "Nack", seq: 4, reason: "rate_limited" },
  { _tag: "NotMe", seq: 5, id: "node-c", generation: 9 },
  { _tag: "Gossip" }
]
const payload = Uint8Array.from(Buffer.from('{"a":1}'))
const calls: ReadonlyArray<CallMessage> = [
  { _tag: "Call", id: 300, target, name: "beat", budgetMillis: 950, replyBytesMax: 65_536, payload },
  { _tag: "Reply", id: 300, payload },
  { _tag: "CallRefused", id: 300, reason: "busy", detail: "later" }
]
const items: ReadonlyArray<GossipItem> = [record, suspect, dead, left, event]
const streamMessages: ReadonlyArray<StreamMessage> = [
  { _tag: "SyncRequest", sender: record, joining: true, salt: 0xdecade, buckets: [1, 0xffffffff] },
  {
    _tag: "SyncAnswer",
    differing: [0, 1023],
    entries: [
      { record, doubt: suspect, ageMillis: 1500 },
      { record: undefined, doubt: left, ageMillis: 0 }
    ],
    last: false
  },
  { _tag: "SyncPush", entries: [{ record, doubt: undefined, ageMillis: 0 }], last: true },
  { _tag: "SyncRefused", reason: "full" },
  { _tag: "CallPart", last: true, bytes: Uint8Array.of(8, 1, 1, 0x31) }
]

const encode = (body: PacketBody) => written((writer) => writePacketBody(writer, body))
const gossip = { _tag: "Gossip" } as const

const bodyVectors = (): string =>
  [
    ...[...messages, ...calls].map((message) =>
      vector(message._tag, message, encode({ message, gossip: [] }))
    ),
    ...items.map((item) => vector(`Gossip and`, item, encode({ message: gossip, gossip: [item] })))
  ].join("\n")

const streamVectors = (): string =>
  streamMessages.map((message) => vector(message._tag, message, encodeStreamMessage(message))).join("\n")

const keyBytes = Uint8Array.from({ length: 32 }, (_, index) => index)
const keyring = Effect.runSync(makeKeyring([Redacted.make(Buffer.from(keyBytes).toString("base64"))]))
const trustOf = (keys: FrameKeys, own: string) => makeFrameTrust({ label: "demo", instance: own, keys })

const frameVectors = (): string =>
  (["plain", "hmac", "aes"] as const)
    .map((mode) => {
      const keys: FrameKeys = mode === "plain" ? { mode } : { mode, keyring }
      const packet = makePacketSeal(trustOf(keys, instance)).seal(key, { message: gossip, gossip: [left] })
      assert.isDefined(packet)
      const subkey = deriveSubkey(
        keyBytes,
        `coterie swim packet ${mode}`,
        packet.subarray(identityOffset, 52)
      )
      const opener = openStream(trustOf(keys, instance), key)
      const answerer = answerStream(trustOf(keys, "f".repeat(32)), { id: "node-b", generation: 7 })
      const asked = opener.seal({ _tag: "SyncRefused", reason: "version" })
      answerer.receive(asked)
      return [
        `${mode}: packet subkey ${mode === "plain" ? "none" : hex(subkey.export())}`,
        `  packet ${hex(packet)}`,
        `  stream, opener ${hex(asked)}`,
        `  stream, answer ${hex(answerer.seal({ _tag: "SyncRefused", reason: "full" }))}`
      ].join("\n")
    })
    .join("\n")

const malformed = [
  "0a",
  "0600",
  "06040161818000",
  "0604016181",
  "060401200100112233445566778899aabbccddeeff0000",
  "04000000010000"
]

const malformedVectors = (): string =>
  malformed
    .map((bytes) => {
      const decoded = decodePacketBody(Buffer.from(bytes, "hex"))
      assert.strictEqual(decoded._tag, "Malformed")
      return decoded._tag === "Malformed"
        ? `${bytes}\n  ${decoded.reason} at byte ${decoded.offset}: expected ${decoded.expected}`
        : ""
    })
    .join("\n")

describe("PROTOCOL.md", () => {
  const blocks = { bodyVectors, streamVectors, frameVectors, malformedVectors }
  for (const [name, render] of Object.entries(blocks)) {
    it(`holds the ${name} of this release`, () => {
      const block = `<!-- ${name} -->\n\n\`\`\`txt\n${render()}\n\`\`\``
      assert.isTrue(protocol.includes(block), `PROTOCOL.md must have this block:\n${block}`)
    })
  }

  it("names every limit, reason and number as they are", () => {
    for (const limit of [...Object.values(wireLimits), bucketsMax, replayWindowSize]) {
      const grouped = String(limit).replace(/(\d)(?=(\d{3})+$)/g, "$1 ")
      assert.isTrue(new RegExp(`\\b(${limit}|${grouped})\\b`).test(protocol), `${limit}`)
    }
    callRefusals.forEach((reason, code) =>
      assert.isTrue(unpadded.includes(`${code} \`${reason}\``), `${code} \`${reason}\``)
    )
    refusalReasons.forEach((reason, code) =>
      assert.isTrue(unpadded.includes(`| ${code} | \`${reason}\` |`), `| ${code} | \`${reason}\` |`)
    )
    assert.isTrue(protocol.includes(hex(encodeRefusal("label"))))
    assert.isTrue(protocol.includes(`key id ${keyring.primary().keyId.toString(16)}`))
  })
})
