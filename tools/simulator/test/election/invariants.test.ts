import { assert, describe, it } from "vitest"

import { atMostOneLeader, oneOwnerPerToken, tokensNeverFall } from "../../src/election/invariants.ts"

const a = (token: number) => ({ id: "a", token })
const b = (token: number) => ({ id: "b", token })

describe("invariants", () => {
  it("atMostOneLeader names the two who lead", () => {
    assert.isUndefined(atMostOneLeader()([]))
    assert.isUndefined(atMostOneLeader()([a(1)]))
    assert.strictEqual(atMostOneLeader()([a(1), b(2)]), "a and b lead")
  })

  it("oneOwnerPerToken remembers who had a token", () => {
    const invariant = oneOwnerPerToken()
    assert.isUndefined(invariant([a(1)]))
    assert.isUndefined(invariant([b(2)]))
    assert.isUndefined(invariant([a(1)]))
    assert.strictEqual(invariant([b(1)]), "b leads with token 1 of a")
  })

  it("tokensNeverFall remembers the highest", () => {
    const invariant = tokensNeverFall()
    assert.isUndefined(invariant([a(1)]))
    assert.isUndefined(invariant([a(1)]))
    assert.isUndefined(invariant([b(3)]))
    assert.strictEqual(invariant([a(2)]), "a leads with token 2 after 3")
  })
})
