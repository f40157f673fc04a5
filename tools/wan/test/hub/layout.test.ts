import { assert, describe, it } from "@effect/vitest"

import { layoutOf, nodeCountMax, slotCount, slotOf } from "../../src/hub/layout.ts"

describe("layoutOf", () => {
  const all = [0, slotCount - 1].flatMap((slot) =>
    [0, 4, nodeCountMax - 1].map((index) => layoutOf(slot, index))
  )

  it("gives slots different names and underlays", () => {
    for (const key of ["namespace", "rootDevice", "rootAddress", "underlayAddress"] as const) {
      assert.strictEqual(new Set(all.map((layout) => layout[key])).size, all.length, key)
    }
  })

  it("keeps device names within the kernel's 15 characters and addresses within a byte", () => {
    for (const { rootAddress, rootDevice } of all) {
      assert.isAtMost(rootDevice.length, 15)
      assert.isTrue(rootAddress.split(".").every((byte) => Number(byte) <= 255))
    }
  })

  it("is read back by slotOf, which knows no strangers", () => {
    for (const slot of [0, 7, slotCount - 1]) {
      assert.strictEqual(slotOf(layoutOf(slot, 3).namespace), slot)
      assert.strictEqual(slotOf(layoutOf(slot, 3).rootDevice), slot)
    }
    for (const name of ["eth0", "coterie-wan", "coterie-wan1", "cwan0n1x", "my-coterie-wan1-n1"]) {
      assert.isUndefined(slotOf(name))
    }
  })
})
