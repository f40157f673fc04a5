import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { encodeRefusal } from "../../src/core/swimWire/refusal.ts"
import type { StreamMessage } from "../../src/core/swimWire/streamCodec.ts"
import type { FrameKeys } from "../../src/swim/frameTrust.ts"
import { answerStream, openStream, type StreamEnd } from "../../src/swim/streamSeal.ts"
import { ringOf, sealing } from "../support/sealing.ts"
import { streamMessage } from "../support/swimArbitraries.ts"

const modes: ReadonlyArray<FrameKeys> = [
  { mode: "aes", keyring: ringOf("one") },
  { mode: "hmac", keyring: ringOf("one") },
  { mode: "plain" }
]
const a = { id: "a", generation: 1 }
const b = { id: "b", generation: 2 }
const refusedFor = (reason: "version" | "full"): StreamMessage => ({ _tag: "SyncRefused", reason })
const question = refusedFor("version")
const answer = refusedFor("full")

const pair = (keys: FrameKeys) => {
  const one = sealing({ keys })
  const other = sealing({ keys })
  return { one, other, opener: openStream(one.trust, a), answerer: answerStream(other.trust, b) }
}

const received = (end: StreamEnd, bytes: Uint8Array): ReadonlyArray<StreamMessage> | string => {
  const messages = end.receive(bytes)
  return "reason" in messages ? messages.reason : messages
}

describe.for(modes)("streams in mode $mode", (keys) => {
  it("carry messages both ways, however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(streamMessage, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1 }),
        (messages, cuts) => {
          const { answerer, opener } = pair(keys)
          for (const [from, to] of [
            [opener, answerer],
            [answerer, opener]
          ] as const) {
            const bytes = Buffer.concat(messages.map((message) => from.seal(message)))
            const arrived: Array<StreamMessage> = []
            for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
              const end = at + (cuts[cut % cuts.length] ?? 1)
              const some = to.receive(bytes.subarray(at, end))
              assert.isArray(some)
              if (!("reason" in some)) arrived.push(...some)
              at = end
            }
            assert.deepStrictEqual(arrived, messages)
          }
          assert.strictEqual(answerer.peer()?.id, "a")
          assert.strictEqual(opener.peer()?.generation, 2)
        }
      ),
      { numRuns: 30 }
    )
  })

  it("say nothing before the question, and nothing too large", () => {
    const { answerer, opener } = pair(keys)
    assert.throws(() => answerer.seal(answer), /after its first message/)
    assert.isUndefined(answerer.peer())
    const entry = { record: undefined, doubt: undefined, ageMillis: 0 }
    const entries = Array.from({ length: 70_000 }, () => entry)
    assert.throws(() => opener.seal({ _tag: "SyncPush", entries, last: true }), /pushParts cut to size/)
  })

  it("are refused when a message claims to be too long, before it is held", () => {
    const { answerer, opener } = pair(keys)
    const bytes = Buffer.from(opener.seal(question))
    bytes.writeUInt32BE(70_000, 47)
    assert.strictEqual(received(answerer, bytes.subarray(0, 51)), "length")
    assert.strictEqual(received(answerer, bytes), "length", "and stay refused")
  })

  it("are refused from another cluster, in another mode, and from itself", () => {
    const { one, opener } = pair(keys)
    const bytes = opener.seal(question)
    assert.strictEqual(received(answerStream(one.trust, b), bytes), "own")
    assert.strictEqual(received(answerStream(sealing({ keys, label: "prod" }).trust, b), bytes), "label")
    for (const other of modes) {
      if (other.mode === keys.mode) continue
      assert.strictEqual(received(answerStream(sealing({ keys: other }).trust, b), bytes), "mode")
    }
  })

  it("tell the opener why, when the other side cannot answer", () => {
    const { opener } = pair(keys)
    opener.seal(question)
    const told = opener.receive(encodeRefusal("label"))
    assert.deepStrictEqual(told, {
      _tag: "Refused",
      reason: "told",
      detail: "the other side refused: label"
    })
  })

  it("never throw, whatever arrives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
        fc.boolean(),
        (chunks, begun) => {
          const { answerer, opener } = pair(keys)
          if (begun) answerer.receive(opener.seal(question))
          for (const chunk of chunks) {
            for (const end of [answerer, opener]) {
              assert.doesNotThrow(() => end.receive(chunk))
            }
          }
        }
      )
    )
  })
})

describe.for(modes.slice(0, 2))("sealed streams in mode $mode", (keys) => {
  it("are refused when a single byte was changed", () => {
    const { one, other } = pair(keys)
    const bytes = openStream(one.trust, a).seal(question)
    for (let at = 0; at < bytes.length; at += 1) {
      const copy = Uint8Array.from(bytes)
      copy[at] = (copy[at] ?? 0) ^ 1
      const arrived = received(answerStream(other.trust, b), copy)
      // A longer length or id leaves the end waiting for bytes that do not come.
      assert.isTrue(typeof arrived === "string" || arrived.length === 0, `byte ${at}`)
    }
    assert.deepStrictEqual(received(answerStream(other.trust, b), bytes), [question])
  })

  it("are taken once, and not as a packet", () => {
    const { one, other } = pair(keys)
    const bytes = openStream(one.trust, a).seal(question)
    const [first, second] = [answerStream(other.trust, b), answerStream(other.trust, b)]
    // Both ends have the header before either has the message.
    first.receive(bytes.subarray(0, 47))
    second.receive(bytes.subarray(0, 47))
    assert.deepStrictEqual(received(first, bytes.subarray(47)), [question])
    assert.strictEqual(received(second, bytes.subarray(47)), "duplicate")
    assert.strictEqual(received(answerStream(other.trust, b), bytes), "duplicate")
    const packet = other.packets.open(bytes, 0)
    assert.strictEqual(packet._tag === "Refused" && packet.reason, "use")
  })

  it("refuse messages out of order, twice, or of another stream", () => {
    const { answerer, one, opener } = pair(keys)
    const first = opener.seal(question)
    const [second, third] = [opener.seal(answer), opener.seal(question)]
    assert.deepStrictEqual(received(answerer, first), [question])
    assert.strictEqual(received(answerer, third), "forged")
    const { answerer: again, opener: fresh } = pair(keys)
    assert.deepStrictEqual(received(again, fresh.seal(question)), [question])
    assert.strictEqual(received(again, second), "forged")
    const twice = pair(keys)
    const bytes = twice.opener.seal(question)
    assert.strictEqual(received(twice.answerer, Buffer.concat([bytes, bytes.subarray(47)])), "forged")
    assert.isDefined(one)
  })

  it("refuse an answer to another question, and a question as an answer", () => {
    const { answerer, one, opener } = pair(keys)
    answerer.receive(opener.seal(question))
    const bytes = answerer.seal(answer)
    const elsewhere = openStream(one.trust, a)
    elsewhere.seal(question)
    assert.strictEqual(received(elsewhere, bytes), "forged")
    assert.deepStrictEqual(received(opener, bytes), [answer])
    const crossed = openStream(one.trust, a)
    assert.strictEqual(received(crossed, openStream(sealing({ keys }).trust, b).seal(question)), "use")
  })

  it("make their opener known, so that its packets need no derivation", () => {
    const { answerer, one, opener, other } = pair(keys)
    answerer.receive(opener.seal(question))
    const open = sealing({ keys, unknownPerSecond: 0 })
    const end = answerStream(open.trust, b)
    end.receive(openStream(one.trust, a).seal(question))
    const datagram = one.packets.seal(a, { message: { _tag: "Gossip" }, gossip: [] })
    assert.isDefined(datagram)
    assert.strictEqual(open.packets.open(datagram, 0)._tag, "Opened")
    assert.strictEqual(other.packets.open(datagram, 0)._tag, "Opened")
  })
})
