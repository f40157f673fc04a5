import { assert, describe, it } from "@effect/vitest"

import { destinationOf, nodeMac } from "../../src/hub/frame.ts"

/** A VXLAN packet of the network for the MAC, with an empty frame. */
const packet = (networkId: number, mac: string): Uint8Array => {
  const bytes = new Uint8Array(22)
  bytes[0] = 0x08
  bytes.set([networkId >> 16, (networkId >> 8) & 0xff, networkId & 0xff], 4)
  bytes.set(
    mac.split(":").map((byte) => Number.parseInt(byte, 16)),
    8
  )
  return bytes
}

describe("nodeMac", () => {
  it("counts from one, over a byte's limit", () => {
    assert.strictEqual(nodeMac(0), "02:00:00:00:00:01")
    assert.strictEqual(nodeMac(254), "02:00:00:00:00:ff")
    assert.strictEqual(nodeMac(255), "02:00:00:00:01:00")
  })
})

describe("destinationOf", () => {
  it.each([0, 1, 4, 255, 1000])("finds node %i by its MAC", (index) => {
    assert.strictEqual(destinationOf(packet(77, nodeMac(index)), 77), index)
  })

  it("reads a packet in the middle of a larger buffer", () => {
    const buffer = new Uint8Array(64)
    buffer.set(packet(77, nodeMac(2)), 10)
    assert.strictEqual(destinationOf(buffer.subarray(10, 32), 77), 2)
  })

  it("ignores broadcast, multicast and strangers", () => {
    for (const mac of ["ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "02:00:00:01:00:01", "02:00:00:00:00:00"]) {
      assert.isUndefined(destinationOf(packet(77, mac), 77), mac)
    }
  })

  it("ignores other networks, short packets and invalid headers", () => {
    assert.isUndefined(destinationOf(packet(78, nodeMac(0)), 77))
    assert.isUndefined(destinationOf(packet(77, nodeMac(0)).subarray(0, 21), 77))
    assert.isUndefined(destinationOf(new Uint8Array(0), 77))
    const invalid = packet(77, nodeMac(0))
    invalid[0] = 0
    assert.isUndefined(destinationOf(invalid, 77))
  })
})
