import { assert, describe, it } from "@effect/vitest"

import { generationMax } from "../../../src/core/swim/memberKey.ts"
import type { GossipItem } from "../../../src/core/swim/messages.ts"
import { decodeHeader, type FrameHeader, writeHeader } from "../../../src/core/swimWire/frameHeader.ts"
import { writeItem } from "../../../src/core/swimWire/itemCodec.ts"
import { decodePacketBody } from "../../../src/core/swimWire/packetCodec.ts"
import { decodeRefusal, encodeRefusal, refusalReasons } from "../../../src/core/swimWire/refusal.ts"
import { decodeStreamMessage, encodeStreamMessage } from "../../../src/core/swimWire/streamCodec.ts"
import type { Decoded, Malformed } from "../../../src/core/swimWire/wireReader.ts"
import { written } from "../../../src/core/swimWire/wireWriter.ts"

/** A packet of these items and nothing else, in hexadecimal. */
const packet = (...items: ReadonlyArray<GossipItem>): string =>
  `06${Buffer.from(written((writer) => items.forEach((item) => writeItem(writer, item)))).toString("hex")}`

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"))

const refusal = (decoded: Decoded<unknown> | Malformed) =>
  decoded._tag === "Malformed"
    ? `${decoded.reason}@${decoded.offset}: ${decoded.expected}`
    : JSON.stringify(decoded.value)

type Cases = Readonly<Record<string, readonly [hex: string, refusal: string]>>

const named = (cases: Cases) =>
  Object.entries(cases).map(([name, [hex, expected]]) => ({ name, hex, expected }))

const instance = "00112233445566778899aabbccddeeff"
const key = { id: "a", generation: 1, instance, incarnation: 0 }
const keyHex = `01 61 01 ${instance} 00`
const alive = {
  kind: "alive",
  ...key,
  address: "h:1",
  versions: { min: 1, current: 1, max: 1 },
  capabilities: 0,
  metadata: {}
} as const
const recordHex = `${keyHex} 03683a31 010101 00`

describe("a packet is refused with reason and place", () => {
  const cases: Cases = {
    "without anything": ["", "truncated@0: the type of a message"],
    "that is a call to nobody": ["07 05 00", "bounds@2: a length from 1 to 128"],
    "that is a call without a name": ["07 05 01 61 01 00000001 00", "bounds@9: a length from 1 to 64"],
    "that is a call of more bytes than there are": [
      "07 05 01 61 01 00000001 01 78 05 05 02 31",
      "truncated@14: as many bytes as announced"
    ],
    "that is an answer without its call": ["08", "truncated@1: an integer below 2^53"],
    "that refuses a call for an unknown reason": ["09 05 08 00", "unknown@2: a code below 8"],
    "that refuses a call with a broken text": ["09 05 00 01 ff", "text@4: well-formed UTF-8"],
    "of an unknown type": ["0a", "unknown@0: the type of a message"],
    "with an unknown item": ["06 06", "unknown@1: the kind of an item"],
    "that ends in an integer": ["06 04 01 61 80", "truncated@5: a generation below 2^52"],
    "with a longer form of an integer": ["06 04 01 61 81 00", "form@4: the shortest form of an integer"],
    "with an integer of nine bytes": [
      "06 04 01 61 ff ff ff ff ff ff ff ff 01",
      "bounds@4: a generation below 2^52"
    ],
    "with a generation beyond the greatest": [
      "06 04 01 61 80 80 80 80 80 80 80 08",
      "bounds@4: a generation below 2^52"
    ],
    "with an unsafe integer": ["08 ff ff ff ff ff ff ff 1f 00", "bounds@1: an integer below 2^53"],
    "with an incarnation of 33 bits": [
      `06 04 01 61 01 ${instance} ff ff ff ff 1f`,
      "bounds@21: an integer below 2^32"
    ],
    "with an empty id": ["06 04 00", "bounds@2: a length from 1 to 128"],
    "with an id of 129 characters": [`06 04 81 ${"61".repeat(129)}`, "bounds@2: a length from 1 to 128"],
    "with a space in an id": ["06 04 01 20", "text@3: printable ASCII without spaces"],
    "with a byte beyond ASCII in an id": ["06 04 01 c3", "text@3: printable ASCII without spaces"],
    "with the subject's id as the accuser": [
      `06 04 ${keyHex} 01 61`,
      "form@22: an empty id for the subject itself"
    ],
    "with an unknown cause": [`06 02 ${keyHex} 00 03 000000`, "unknown@23: a cause below 3"],
    "with reserved bits": [`06 02 ${keyHex} 00 08 000000`, "form@23: reserved bits that are zero"],
    "with an unknown nack": ["04 00000001 02", "unknown@5: a code below 2"],
    "without an address": [`06 01 ${keyHex} 00`, "text@22: printable ASCII without spaces"],
    "with an address of 257 characters": [
      `06 01 ${keyHex} 8102 ${"61".repeat(257)}`,
      "bounds@22: at most 256 characters"
    ],
    "with versions out of order": [
      `06 01 ${keyHex} 03683a31 020103 00 00`,
      "inconsistent@26: min <= current <= max"
    ],
    "with 33 labels": [`06 01 ${recordHex} 21`, "bounds@30: at most 32 labels"],
    "with a label twice": [
      `06 01 ${recordHex} 02 0161 00 0161 00`,
      "form@34: labels in ascending order of their keys"
    ],
    "with labels out of order": [
      `06 01 ${recordHex} 02 0162 00 0161 00`,
      "form@34: labels in ascending order of their keys"
    ],
    "with a label that begins with _": [
      `06 01 ${recordHex} 01 095f5f70726f746f5f5f 00`,
      "text@31: letters, digits and _.:/-, first a letter"
    ],
    "with a broken character": [`06 01 ${recordHex} 01 0161 02c328`, "text@34: well-formed UTF-8"],
    "with an overlong character": [`06 01 ${recordHex} 01 0161 02c0af`, "text@34: well-formed UTF-8"],
    "with a surrogate": [`06 01 ${recordHex} 01 0161 03eda080`, "text@34: well-formed UTF-8"],
    "with 257 characters in a label": [
      `06 01 ${recordHex} 01 0161 8102 ${"61".repeat(257)}`,
      "bounds@33: at most 256 characters"
    ],
    "with an event without a name": ["06 05 0161 01 00", "bounds@5: a name of at least one character"],
    "with a payload that claims 4 GiB": [
      "06 05 0161 01 0178 01 ffffffff0f 00",
      "truncated@13: as many bytes as announced"
    ],
    "with an extension longer than the packet": ["06 80 05 00", "truncated@3: as many bytes as announced"]
  }
  it.for(named(cases))("$name", ({ expected, hex }) => {
    assert.strictEqual(refusal(decodePacketBody(bytesOf(hex))), expected)
  })
})

describe("a message of a stream is refused with reason and place", () => {
  const doubt = `04 ${keyHex} 00`
  const cases: Cases = {
    "of an unknown type": ["15", "unknown@0: the type of a message"],
    "with a part of nothing": ["14 01 00", "form@1: 32768 bytes, or the last ones"],
    "with a short part that is not the last": ["14 00 01 ff", "form@1: 32768 bytes, or the last ones"],
    "with a call that is in no part": ["07", "unknown@0: the type of a message"],
    "with an item": [`06 ${doubt}`, "trailing@1: the end"],
    "with a byte too many": ["13 00 00", "trailing@2: the end"],
    "with an unknown refusal": ["13 04", "unknown@1: a code below 4"],
    "with 1025 buckets": [`10 ${recordHex} 00 00 00000000 8108`, "bounds@35: a count up to 1024"],
    "with fewer buckets than claimed": [
      `10 ${recordHex} 00 00 00000000 8008`,
      "truncated@37: as many elements as announced"
    ],
    "with buckets out of order": ["11 01 02 0001 0001 00", "form@2: ascending buckets below 1024"],
    "with a bucket out of range": ["11 01 01 0400 00", "form@2: ascending buckets below 1024"],
    "with 501 entries": ["12 01 f503", "bounds@2: a count up to 500"],
    "with an entry that says nothing": ["12 01 01 00", "inconsistent@3: a record or a doubt"],
    "with an announcement as a doubt": [
      `12 01 01 02 01 ${recordHex} 00 00`,
      "inconsistent@4: an accusation or a goodbye"
    ],
    "with an entry about two members": [
      `12 01 01 03 ${recordHex} 00 ${doubt.replace("01 61", "01 62")} 00`,
      "inconsistent@3: a record and a doubt of one member"
    ]
  }
  it.for(named(cases))("$name", ({ expected, hex }) => {
    assert.strictEqual(refusal(decodeStreamMessage(bytesOf(hex))), expected)
  })
})

describe("extensions of later versions", () => {
  it("are passed over and counted between items", () => {
    const left = { kind: "left", ...key, by: "b" } as const
    const hex = `06 80 02 ffff ${packet(left).slice(2)} ff 00 ${packet(alive).slice(2)} 90 01 01`
    assert.deepStrictEqual(decodePacketBody(bytesOf(hex)), {
      _tag: "Decoded",
      value: { message: { _tag: "Gossip" }, gossip: [left, alive] },
      skipped: 3
    })
  })

  it("are passed over after a message of a stream", () => {
    const bytes = Buffer.concat([
      encodeStreamMessage({ _tag: "SyncPush", entries: [], last: true }),
      bytesOf("80 01 05")
    ])
    assert.deepStrictEqual(decodeStreamMessage(bytes), {
      _tag: "Decoded",
      value: { _tag: "SyncPush", entries: [], last: true },
      skipped: 1
    })
  })
})

describe("values that a sender should not have", () => {
  it("are written as text that can be read, where they are text", () => {
    const decoded = decodePacketBody(bytesOf(packet({ ...alive, metadata: { zone: "a\ud800b" } })))
    assert.deepStrictEqual(decoded._tag === "Decoded" && decoded.value.gossip[0], {
      ...alive,
      metadata: { zone: "a\ufffdb" }
    })
  })

  it("are refused by the receiver, where they are beyond bounds", () => {
    for (const wrong of [
      { ...alive, id: "x".repeat(129) },
      { ...alive, address: "" },
      { ...alive, metadata: { "a b": "" } },
      { ...alive, versions: { min: 2, current: 1, max: 1 } }
    ]) {
      assert.strictEqual(decodePacketBody(bytesOf(packet(wrong)))._tag, "Malformed", JSON.stringify(wrong))
    }
  })

  it("are rounded, where they are times", () => {
    const bytes = encodeStreamMessage({
      _tag: "SyncPush",
      last: true,
      entries: [{ record: undefined, doubt: { kind: "left", ...key, by: "a" }, ageMillis: 12.6 }]
    })
    const decoded = decodeStreamMessage(bytes)
    assert.strictEqual(
      decoded._tag === "Decoded" && decoded.value._tag === "SyncPush" && decoded.value.entries[0]?.ageMillis,
      13
    )
  })
})

describe("a header", () => {
  const header: FrameHeader = {
    use: "answer",
    mode: "aes",
    labelHash: 0xdeadbeef,
    keyId: 0xffffffff,
    seq: Number.MAX_SAFE_INTEGER,
    sender: { id: "x".repeat(128), generation: generationMax, instance }
  }
  const bytes = written((writer) => writeHeader(writer, header))
  const changed = (at: number, value: number) => refusal(decodeHeader(bytes.with(at, value)))

  it("comes back as it was sent, whatever follows", () => {
    assert.deepStrictEqual(decodeHeader(Buffer.concat([bytes, bytes])), {
      _tag: "Decoded",
      value: header,
      skipped: 0
    })
  })

  it("is refused at every length that is too short", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      assert.strictEqual(decodeHeader(bytes.subarray(0, length))._tag, "Malformed", `${length} bytes`)
    }
  })

  it("is refused with reason and place", () => {
    assert.strictEqual(changed(0, 0), "magic@0: the magic c07e")
    assert.strictEqual(changed(2, 2), "version@2: wire version 1")
    assert.strictEqual(changed(3, 3), "unknown@3: a code below 3")
    assert.strictEqual(changed(4, 3), "unknown@4: a code below 3")
    assert.strictEqual(changed(13, 0x20), "bounds@13: an integer below 2^53")
    assert.strictEqual(changed(37, 0x20), "bounds@37: an integer below 2^53")
    assert.strictEqual(changed(38, 0x1f), "bounds@37: a generation below 2^52")
    assert.strictEqual(changed(45, 0), "bounds@45: a length from 1 to 128")
  })
})

describe("a refusal in clear", () => {
  it("is told from everything else, and its reason read", () => {
    for (const reason of refusalReasons) assert.strictEqual(decodeRefusal(encodeRefusal(reason)), reason)
    assert.strictEqual(decodeRefusal(bytesOf("c07e 01 ff 63")), "told")
    assert.strictEqual(decodeRefusal(bytesOf("c07e 09 ff 05")), "label", "of another version")
    assert.strictEqual(decodeRefusal(bytesOf("c07e 01 00 05")), undefined)
    assert.strictEqual(decodeRefusal(bytesOf("c07e 01 ff")), undefined)
    assert.strictEqual(decodeRefusal(bytesOf("c07f 01 ff 05")), undefined)
  })
})
