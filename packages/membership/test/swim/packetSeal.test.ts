import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import { generationMax } from "../../src/core/swim/memberKey.ts"
import { headerBytes } from "../../src/core/swimWire/frameHeader.ts"
import { packetSizes } from "../../src/core/swimWire/packetCodec.ts"
import type { FrameKeys } from "../../src/swim/frameTrust.ts"
import type { OpenedPacket } from "../../src/swim/packetSeal.ts"
import { keyOf, nack, ringOf, sealing } from "../support/sealing.ts"
import { nodeId, packetBody } from "../support/swimArbitraries.ts"

const own = { id: "a", generation: 7 }
const modes: ReadonlyArray<FrameKeys> = [
  { mode: "aes", keyring: ringOf("one") },
  { mode: "hmac", keyring: ringOf("one") },
  { mode: "plain" }
]

/** The outcome of a packet in short: what it says, or why it was refused. */
const outcome = (
  node: ReturnType<typeof sealing>,
  datagram: Uint8Array | undefined,
  nowMillis = 0
): string | OpenedPacket["body"] => {
  assert.isDefined(datagram)
  const opened = node.packets.open(datagram, nowMillis)
  return opened._tag === "Opened" ? opened.body : opened.reason
}

const changed = (bytes: Uint8Array, at: number, xor: number) => {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ xor
  return copy
}

const sealed = (node: ReturnType<typeof sealing>, seq = 1) => {
  const datagram = node.packets.seal(own, nack(seq))
  assert.isDefined(datagram)
  return datagram
}

describe.for(modes)("packets in mode $mode", (keys) => {
  it("arrive with their sender, as long as the core counted them", () => {
    const one = sealing({ keys })
    const other = sealing({ keys })
    fc.assert(
      fc.property(packetBody, nodeId, fc.nat({ max: generationMax }), (body, id, generation) => {
        const datagram = one.packets.seal({ id, generation }, body)
        assert.isDefined(datagram)
        const sizes = packetSizes(one.packets.overheadBytes(id))
        assert.strictEqual(
          datagram.length,
          body.gossip.reduce((sum, item) => sum + sizes.item(item), sizes.message(body.message))
        )
        const opened = other.packets.open(datagram, 0)
        assert.strictEqual(opened._tag, "Opened")
        if (opened._tag !== "Opened") return
        assert.deepStrictEqual(opened.body, body)
        assert.strictEqual(opened.sender.id, id)
        assert.strictEqual(opened.sender.generation, generation)
        assert.strictEqual(opened.sealed, keys.mode !== "plain")
      })
    )
  })

  it("are refused from another cluster, in another mode, and when they come back", () => {
    const one = sealing({ keys })
    const datagram = sealed(one)
    assert.strictEqual(outcome(sealing({ keys, label: "prod" }), datagram), "label")
    for (const other of modes) {
      if (other.mode !== keys.mode) assert.strictEqual(outcome(sealing({ keys: other }), datagram), "mode")
    }
    assert.strictEqual(outcome(one, datagram), "own")
  })

  it("are refused when they would be larger than a datagram", () => {
    const one = sealing({ keys })
    const event = { kind: "user", origin: "a", generation: 0, name: "x", version: 0 } as const
    const body = (bytes: number) => ({
      message: { _tag: "Gossip" } as const,
      gossip: [{ ...event, payload: new Uint8Array(bytes) }]
    })
    const largest = 65_507 - one.packets.overheadBytes("a") - 11
    assert.strictEqual(one.packets.seal(own, body(largest))?.length, 65_507)
    assert.isUndefined(one.packets.seal(own, body(largest + 1)))
    assert.isUndefined(one.packets.seal(own, body(100_000)))
  })
})

describe.for(modes.slice(0, 2))("sealed packets in mode $mode", (keys) => {
  it("are refused when a single byte was changed, and leave no trace", () => {
    const node = sealing({ keys })
    const datagram = sealed(sealing({ keys }))
    for (let at = 0; at < datagram.length; at += 1) {
      assert.isString(outcome(node, changed(datagram, at, 1 << (at % 8))), `byte ${at}`)
    }
    for (let length = 0; length < datagram.length; length += 1) {
      assert.isString(outcome(node, datagram.subarray(0, length)), `${length} bytes`)
    }
    assert.deepStrictEqual(outcome(node, datagram), nack(1))
  })

  it("are refused for what they are", () => {
    const node = sealing({ keys })
    const datagram = sealed(sealing({ keys }))
    const reasons = [
      [0, "magic"],
      [2, "version"],
      [3, "use"],
      [5, "label"],
      [9, "unknown_key"],
      [19, "forged"],
      [20, "stale"],
      [25, "forged"],
      [44, "forged"],
      [46, "forged"],
      [datagram.length - 1, "forged"]
    ] as const
    for (const [at, reason] of reasons) {
      assert.strictEqual(outcome(node, changed(datagram, at, 1)), reason, `byte ${at}`)
    }
    assert.strictEqual(outcome(node, changed(datagram, 13, 0x80)), "header")
    assert.strictEqual(outcome(node, new Uint8Array(0)), "header")
  })

  it("arrive once, in any order, and a new generation starts anew", () => {
    const sender = sealing({ keys })
    const node = sealing({ keys })
    const datagrams = Array.from({ length: 3000 }, (_, index) => sealed(sender, index))
    const at = (index: number) => outcome(node, datagrams[index])
    assert.deepStrictEqual(at(2000), nack(2000))
    assert.deepStrictEqual(at(5), nack(5), "late, but within the window")
    assert.deepStrictEqual(at(2999), nack(2999))
    assert.strictEqual(at(2999), "duplicate")
    assert.strictEqual(at(5), "stale")
    assert.deepStrictEqual(at(1500), nack(1500))
    assert.strictEqual(at(1500), "duplicate")
    const restarted = sealing({ keys })
    const first = restarted.packets.seal({ ...own, generation: 8 }, nack(1))
    assert.deepStrictEqual(outcome(node, first), nack(1), "after a restart")
    const rejoined = sender.packets.seal({ ...own, generation: 9 }, nack(2))
    assert.deepStrictEqual(outcome(node, rejoined), nack(2), "the same process, a new generation")
    assert.strictEqual(at(2999), "duplicate")
  })

  it("of a sender that was pushed out cannot be replayed, and its new ones arrive", () => {
    const node = sealing({ keys, sendersMax: 2, retiredMax: 2 })
    const senders = Array.from({ length: 5 }, () => sealing({ keys }))
    const seen = senders.slice(0, 4).map((sender) => [sealed(sender, 1), sealed(sender, 2)] as const)
    for (const [first, second] of seen) {
      outcome(node, second)
      assert.deepStrictEqual(outcome(node, first), nack(1))
    }
    for (const [first, second] of seen) {
      assert.include(["stale", "duplicate"], outcome(node, first))
      assert.include(["stale", "duplicate"], outcome(node, second))
    }
    for (const sender of senders.slice(0, 4)) {
      assert.deepStrictEqual(outcome(node, sealed(sender, 3)), nack(3))
    }
    assert.strictEqual(node.trust.senders.forgotten(), 0)
    outcome(node, sealed(senders[4] ?? sealing({ keys })))
    assert.strictEqual(node.trust.senders.forgotten(), 1)
  })

  it("of unknown senders cost a bounded number of derivations per second; known ones still arrive", () => {
    const node = sealing({ keys, unknownPerSecond: 10 })
    const known = sealing({ keys })
    assert.deepStrictEqual(outcome(node, sealed(known, 1)), nack(1))
    const forged = sealed(sealing({ keys }))
    const reasons = Array.from({ length: 20 }, (_, index) => {
      const copy = changed(forged, 25, index + 1)
      return outcome(node, copy, 500)
    })
    assert.deepStrictEqual(reasons, [
      ...Array.from({ length: 9 }, () => "forged"),
      ...Array.from({ length: 11 }, () => "busy")
    ])
    assert.deepStrictEqual(outcome(node, sealed(known, 2), 600), nack(2))
    assert.strictEqual(outcome(node, forged, 999), "busy")
    assert.deepStrictEqual(outcome(node, forged, 1000), nack(1), "in the next second")
  })

  it.effect("are not lost while a key is rotated: install, use, remove", () =>
    Effect.gen(function* () {
      const rings = [ringOf("one"), ringOf("one"), ringOf("one")]
      const nodes = rings.map((keyring) =>
        sealing({ keys: { mode: keys.mode === "hmac" ? "hmac" : "aes", keyring } })
      )
      let seq = 0
      const everybodyHears = () => {
        for (const from of nodes) {
          for (const to of nodes) {
            if (from === to) continue
            seq += 1
            assert.deepStrictEqual(outcome(to, sealed(from, seq)), nack(seq))
          }
        }
      }
      const [{ keyId: one } = { keyId: "" }] = yield* ringOf("one").list
      const late = sealed(nodes[0] ?? sealing(), 0)
      for (const ring of rings) {
        yield* ring.install(keyOf("two"))
        everybodyHears()
      }
      const [{ keyId: two } = { keyId: "" }] = yield* ringOf("two").list
      for (const ring of rings) {
        yield* ring.use(two)
        everybodyHears()
      }
      for (const ring of rings) {
        yield* ring.remove(one)
        everybodyHears()
      }
      assert.strictEqual(outcome(nodes[1] ?? sealing(), late), "unknown_key")
    })
  )

  it("hide a key's holder from one without it", () => {
    const stranger = sealing({
      keys: { mode: keys.mode === "hmac" ? "hmac" : "aes", keyring: ringOf("two") }
    })
    assert.strictEqual(outcome(sealing({ keys }), sealed(stranger)), "unknown_key")
  })
})

describe("a packet that is sealed well", () => {
  it("is refused as a body when a later release said what this one cannot read", () => {
    const node = sealing({ keys: { mode: "plain" } })
    const datagram = changed(sealed(sealing({ keys: { mode: "plain" } })), headerBytes("a"), 0x40)
    const opened = node.packets.open(datagram, 0)
    assert.deepStrictEqual(opened, {
      _tag: "Refused",
      reason: "body",
      detail: "unknown at byte 0: expected the type of a message"
    })
  })

  it("never throws, whatever arrives", () => {
    const node = sealing()
    const datagram = sealed(sealing())
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 80 }), (noise, at) => {
        assert.strictEqual(node.packets.open(noise, 0)._tag, "Refused")
        const copy = Uint8Array.from(datagram)
        copy.set(noise.subarray(0, Math.max(0, copy.length - at)), Math.min(at, copy.length))
        node.packets.open(copy, 0)
      })
    )
  })
})
