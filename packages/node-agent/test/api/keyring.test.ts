import { request } from "node:http"

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

/** What the agent answers to somebody who knows it by this name; fetch would not send a Host header of our own. */
const postAs = (host: string, url: string, body: unknown) =>
  new Promise<string>((resolve, reject) => {
    const headers = { host, "content-type": "application/json" }
    request(url, { method: "POST", headers }, (response) => {
      let text = `${response.statusCode} `
      response.on("data", (chunk: Buffer) => (text += chunk.toString()))
      response.on("end", () => resolve(text))
    })
      .on("error", reject)
      .end(JSON.stringify(body))
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

  it.live("is not opened to other machines by what opens a drain", () =>
    withAgent(
      (send, url) =>
        Effect.gen(function* () {
          const drain = yield* Effect.promise(() => postAs("agent.example", `${url}/health/drain`, {}))
          assert.match(drain, /^202 /)
          const body = { key: newSwimKey() }
          const install = yield* Effect.promise(() =>
            postAs("agent.example", `${url}/v1/keyring/install`, body)
          )
          assert.match(install, /^403 .*urn:coterie:mutation-refused/)
          assert.include(install, '\\"agent.example\\" is no name of this machine; use 127.0.0.1"')
          const { rings } = (yield* send("/v1/keyring")).body as KeyringReport
          assert.lengthOf(rings[0]?.keys ?? [], 1)
        }),
      { ...onSwim, api: { ops: "127.0.0.1:0", allowRemoteDrain: true } }
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
