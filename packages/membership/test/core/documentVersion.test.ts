import { assert, describe, it } from "@effect/vitest"

import { decide } from "../../src/core/documentVersion.ts"

const local = { version: 5, digest: "l" }

describe("decide (rule Q9)", () => {
  it("pulls from a peer with a higher version", () => {
    assert.deepStrictEqual(decide(local, { version: 6, digest: "p" }, true), { _tag: "Pull" })
  })

  it("does nothing without an address, even when behind", () => {
    assert.deepStrictEqual(decide(local, { version: 6, digest: "p" }, false), {
      _tag: "Stay",
      reason: "no_address"
    })
  })

  it("does nothing about a peer that is behind, whatever its content", () => {
    assert.deepStrictEqual(decide(local, { version: 4, digest: "p" }, true), {
      _tag: "Stay",
      reason: "peer_is_behind"
    })
  })

  it("does nothing about the same version with the same content", () => {
    assert.deepStrictEqual(decide(local, { version: 5, digest: "l" }, true), { _tag: "Stay", reason: "same" })
  })

  it("tells apart equal versions with different content, address or not", () => {
    assert.deepStrictEqual(decide(local, { version: 5, digest: "p" }, true), { _tag: "Diverged" })
    assert.deepStrictEqual(decide(local, { version: 5, digest: "p" }, false), { _tag: "Diverged" })
  })
})
