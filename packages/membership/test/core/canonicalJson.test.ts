import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { canonicalJson, type Json } from "../../src/core/canonicalJson.ts"

const reversed = (value: Json): Json => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member ?? null)])
  )
}

describe("canonicalJson", () => {
  it("is the same text for equal values, whatever the order of their keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.strictEqual(canonicalJson(value as Json), canonicalJson(reversed(value as Json)))
      })
    )
  })

  it("is JSON of the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepStrictEqual(JSON.parse(canonicalJson(value as Json)), JSON.parse(JSON.stringify(value)))
      })
    )
  })

  it("sorts keys and drops undefined members", () => {
    assert.strictEqual(
      canonicalJson({ b: [1, null], a: undefined, A: { z: true, y: "\n" } }),
      '{"A":{"y":"\\n","z":true},"b":[1,null]}'
    )
  })
})
