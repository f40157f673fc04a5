import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { decodeCallMessage } from "../../../src/core/swimWire/callCodec.ts"
import { sizeOfItem } from "../../../src/core/swimWire/itemCodec.ts"
import {
  decodePacketBody,
  type PacketBody,
  packetSizes,
  sizeOfMessage,
  writePacketBody
} from "../../../src/core/swimWire/packetCodec.ts"
import {
  answerParts,
  callParts,
  decodeStreamMessage,
  encodeStreamMessage,
  pushParts
} from "../../../src/core/swimWire/streamCodec.ts"
import { written } from "../../../src/core/swimWire/wireWriter.ts"
import { packetBody, streamMessage, syncEntry } from "../../support/swimArbitraries.ts"

const encode = (body: PacketBody) => written((writer) => writePacketBody(writer, body))

/** `change` of a byte, or its removal, or a byte more. */
const mutation = fc.record({ at: fc.nat(), xor: fc.integer({ min: 1, max: 255 }), cut: fc.boolean() })

const mutate = (bytes: Uint8Array, changes: ReadonlyArray<{ at: number; xor: number; cut: boolean }>) => {
  let mutated = Uint8Array.from(bytes)
  for (const { at, cut, xor } of changes) {
    const place = mutated.length === 0 ? 0 : at % mutated.length
    if (cut) mutated = mutated.slice(0, place)
    else mutated[place] = (mutated[place] ?? 0) ^ xor
  }
  return mutated
}

describe("packets", () => {
  it("come back as they were sent, and are as long as the core counted them", () => {
    fc.assert(
      fc.property(packetBody, fc.nat({ max: 200 }), (body, overhead) => {
        const bytes = encode(body)
        assert.deepStrictEqual(decodePacketBody(bytes), { _tag: "Decoded", value: body, skipped: 0 })
        const sizes = packetSizes(overhead)
        const counted = body.gossip.reduce((sum, item) => sum + sizes.item(item), sizes.message(body.message))
        assert.strictEqual(bytes.length + overhead, counted)
        assert.strictEqual(sizeOfMessage(body.message) + overhead, sizes.message(body.message))
      })
    )
  })

  it("come back from a Buffer too, with a payload that does not share its memory", () => {
    const item = {
      kind: "user",
      origin: "a",
      generation: 1,
      name: "x",
      version: 1,
      payload: Uint8Array.of(7)
    } as const
    const buffer = Buffer.from(encode({ message: { _tag: "Gossip" }, gossip: [item] }))
    const decoded = decodePacketBody(buffer)
    buffer.fill(0)
    assert.deepStrictEqual(decoded._tag === "Decoded" && decoded.value.gossip[0], item)
  })

  it("never come apart when cut or changed: they are refused, or are one message in its only form", () => {
    fc.assert(
      fc.property(packetBody, fc.array(mutation, { minLength: 1, maxLength: 4 }), (body, changes) => {
        const bytes = mutate(encode(body), changes)
        const decoded = decodePacketBody(bytes)
        if (decoded._tag === "Decoded" && decoded.skipped === 0) {
          assert.deepStrictEqual(encode(decoded.value), bytes)
        }
      }),
      { numRuns: 1000 }
    )
  })

  it("refuse whatever stops before the end of a field, naming the place", () => {
    fc.assert(
      fc.property(packetBody, fc.nat(), (body, cut) => {
        const bytes = encode(body)
        const kept = cut % bytes.length
        const decoded = decodePacketBody(bytes.subarray(0, kept))
        if (decoded._tag === "Malformed") {
          assert.strictEqual(decoded.reason, "truncated")
          assert.isAtMost(decoded.offset, kept)
          return
        }
        const whole = [sizeOfMessage(body.message)]
        for (const item of body.gossip) whole.push((whole.at(-1) ?? 0) + sizeOfItem(item))
        assert.include(whole, kept)
      })
    )
  })

  it("are read from any bytes without a throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        for (const decoded of [decodePacketBody(bytes), decodeStreamMessage(bytes)]) {
          assert.isAtMost(decoded._tag === "Malformed" ? decoded.offset : 0, bytes.length)
        }
      }),
      { numRuns: 2000 }
    )
  })
})

describe("messages of a stream", () => {
  it("come back as they were sent", () => {
    fc.assert(
      fc.property(streamMessage, (message) => {
        assert.deepStrictEqual(decodeStreamMessage(encodeStreamMessage(message)), {
          _tag: "Decoded",
          value: message,
          skipped: 0
        })
      })
    )
  })

  it("never come apart when cut or changed", () => {
    fc.assert(
      fc.property(streamMessage, fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, changes) => {
        const bytes = mutate(encodeStreamMessage(message), changes)
        const decoded = decodeStreamMessage(bytes)
        if (decoded._tag === "Decoded" && decoded.skipped === 0) {
          assert.deepStrictEqual(encodeStreamMessage(decoded.value), bytes)
        }
      }),
      { numRuns: 1000 }
    )
  })

  it("carry calls and answers of any size in parts, of which only the last is short", () => {
    for (const size of [0, 1, 32_700, 32_768, 65_536, 1_000_000]) {
      const message = { _tag: "Reply", id: 7, payload: new Uint8Array(size).fill(size) } as const
      const parts = callParts(message).map((part) => decodeStreamMessage(encodeStreamMessage(part)))
      const pieces = parts.map((part) => {
        assert.isTrue(part._tag === "Decoded" && part.value._tag === "CallPart", `${size} bytes`)
        return part._tag === "Decoded" && part.value._tag === "CallPart" ? part.value : assert.fail()
      })
      assert.deepStrictEqual(
        pieces.map(({ bytes, last }) => [last, last || bytes.length === 32_768]),
        pieces.map((_, index) => [index === pieces.length - 1, true])
      )
      const whole = decodeCallMessage(Buffer.concat(pieces.map(({ bytes }) => bytes)))
      const payload = whole._tag === "Decoded" && whole.value._tag === "Reply" ? whole.value.payload : []
      assert.strictEqual(Buffer.compare(Buffer.from(payload), message.payload), 0, `${size} bytes`)
    }
  })

  it("carry any number of entries in parts within bounds", () => {
    fc.assert(
      fc.property(
        fc.array(syncEntry, { minLength: 1, maxLength: 8 }),
        fc.nat({ max: 1200 }),
        (some, count) => {
          const entries = Array.from({ length: count }, (_, index) => some[index % some.length] ?? entry)
          const answers = answerParts({ _tag: "SyncAnswer", differing: [1, 1023], entries })
          const pushes = pushParts({ _tag: "SyncPush", entries })
          assert.deepStrictEqual(answers.map(({ differing }) => differing.length).slice(0, 2), [
            2,
            ...(answers.length > 1 ? [0] : [])
          ])
          for (const parts of [answers, pushes]) {
            assert.deepStrictEqual(
              parts.flatMap((part) => part.entries),
              entries
            )
            assert.deepStrictEqual(
              parts.map(({ last }) => last),
              parts.map((_, index) => index === parts.length - 1)
            )
            for (const part of parts) assert.isAtMost(encodeStreamMessage(part).length, 65_536)
          }
        }
      ),
      { numRuns: 20 }
    )
  })
})

const entry = { record: undefined, doubt: undefined, ageMillis: 0 }
