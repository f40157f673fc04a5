import { assert, describe, it } from "@effect/vitest"

import { type KeyAction, keyHelp, type PendingKey, press } from "../../../src/dev/core/keys.ts"

const nodes = ["a", "b"]

/** The actions that the keys lead to, pressed one after the other. */
const type = (keys: string): ReadonlyArray<KeyAction> => {
  let pending: PendingKey = undefined
  const actions: Array<KeyAction> = []
  for (const key of keys) {
    const pressed = press(pending, key, nodes)
    pending = pressed.pending
    if (pressed.action !== undefined) actions.push(pressed.action)
  }
  return actions
}

describe("keys", () => {
  it("kill and restart the node that is named next", () => {
    assert.deepStrictEqual(type("kar b"), [
      { _tag: "Kill", node: "a" },
      { _tag: "Restart", node: "b" }
    ])
  })
  it("quit with q, even while a node is asked for", () => {
    assert.deepStrictEqual(type("kq"), [{ _tag: "Quit" }])
  })
  it("forget what was pending when they mean nothing", () => {
    assert.deepStrictEqual(type("kxaab"), [])
  })
  it("are explained", () => {
    assert.strictEqual(keyHelp(undefined, nodes), "k kill a node   r restart a node   q quit")
    assert.strictEqual(keyHelp("Restart", nodes), "restart which node? a b")
  })
})
