import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import type { KeyringChangeReport, KeyringReport } from "../../src/api/keyringResponses.ts"
import { newSwimKey } from "../../src/config/swimKey.ts"
import { withAgent } from "./withAgent.ts"

const key = newSwimKey()
const onSwim = {
  membership: {
    mode: "swim" as const,
    keys: [key],
    profile: "local" as const,
    interval: "20ms",
    deadAfter: "1s",
    peers: [{ id: "n1" }]
  }
}

const post = (body: unknown, headers: Record<string, string> = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

describe("the keyring of an agent", () => {
  it.live("is rotated, and no answer holds a key", () =>
    withAgent(
      (send) =>
        Effect.gen(function* () {
          const newKey = newSwimKey()
          const before = (yield* send("/v1/keyring")).body as KeyringReport
          const [old] = before.rings[0]?.keys ?? []
          const installed = yield* send("/v1/keyring/install", post({ key: newKey }))
          assert.strictEqual(installed.status, 200)
          const { complete, keyId } = installed.body as KeyringChangeReport
          assert.isTrue(complete)
          yield* send("/v1/keyring/use", post({ keyId }))
          const refused = yield* send("/v1/keyring/remove", post({ keyId }))
          assert.strictEqual(refused.status, 409)
          assert.deepInclude(refused.body, {
            type: "urn:coterie:key-change-refused",
            detail: `key ${keyId} is in use on n1; use another key first`
          })
          yield* send("/v1/keyring/remove", post({ keyId: old?.keyId }))
          const after = (yield* send("/v1/keyring")).body as KeyringReport
          assert.deepStrictEqual(after.rings, [
            { node: "n1", state: "alive", keys: [{ keyId, primary: true }] }
          ])
          const told = JSON.stringify([before, installed.body, after])
          assert.notInclude(told, newKey)
          assert.notInclude(told, key)
        }),
      onSwim
    )
  )

  const refused: Readonly<Record<string, readonly [string, unknown, Record<string, string>, number]>> = {
    "a web page": ["install", { key: newSwimKey() }, { origin: "http://127.0.0.1:7480" }, 403],
    "a key that is none": ["install", { key: "abc" }, {}, 409],
    "a key without end": ["install", { key: "x".repeat(1000) }, {}, 400],
    "an id that is none": ["use", { keyId: "../../x" }, {}, 400],
    "a key that nobody holds": ["use", { keyId: "00000000" }, {}, 409]
  }
  for (const [name, [action, body, headers, status]] of Object.entries(refused))
    it.live(`refuses ${name} with ${status}`, () =>
      withAgent(
        (send) =>
          Effect.gen(function* () {
            const answer = yield* send(`/v1/keyring/${action}`, post(body, headers))
            assert.strictEqual(answer.status, status)
            const { rings } = (yield* send("/v1/keyring")).body as KeyringReport
            assert.lengthOf(rings[0]?.keys ?? [], 1)
          }),
        onSwim
      )
    )

  it.live("is not there without SWIM", () =>
    withAgent((send) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* send("/v1/keyring")).status, 404)
        assert.strictEqual((yield* send("/v1/keyring/use", post({ keyId: "00000000" }))).status, 404)
      })
    )
  )
})
