import * as fc from "fast-check"
import { assert, it } from "vitest"

import { shardOfCollection } from "../../src/core/shardOfCollection.ts"

it("hashes a collection's name byte by byte, times 31", () => {
  assert.strictEqual(shardOfCollection(""), 0)
  assert.strictEqual(shardOfCollection("a"), 97)
  assert.strictEqual(shardOfCollection("ab"), (97 * 31 + 98) % 1024)
})

it("wraps around at 16 bits and hashes the UTF-8 bytes of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const bytes = new TextEncoder().encode(name)
      const hash = bytes.reduce((sum, byte) => (sum * 31 + byte) % 65_536, 0)
      assert.strictEqual(shardOfCollection(name), hash % 1024)
    })
  )
  assert.strictEqual(shardOfCollection("\ud800"), shardOfCollection("\ufffd"))
})
