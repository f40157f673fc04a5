import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"

import { makeKeyring } from "../../src/swim/Keyring.ts"
import { keyOf, ringOf } from "../support/sealing.ts"

const idsOf = (ring: ReturnType<typeof ringOf>) =>
  Effect.map(ring.list, (keys) => keys.map(({ keyId, primary }) => (primary ? `${keyId}*` : keyId)))

describe("a key ring", () => {
  it.effect("installs, uses and removes keys by id", () =>
    Effect.gen(function* () {
      const ring = ringOf("one")
      const [one = ""] = yield* idsOf(ring)
      const two = yield* ring.install(keyOf("two"))
      assert.match(two, /^[0-9a-f]{8}$/)
      assert.deepStrictEqual(yield* idsOf(ring), [one, two])
      assert.strictEqual(yield* ring.install(keyOf("two")), two)
      yield* ring.use(two)
      assert.deepStrictEqual(yield* idsOf(ring), [one.slice(0, 8), `${two}*`])
      yield* ring.remove(one.slice(0, 8))
      assert.deepStrictEqual(yield* idsOf(ring), [`${two}*`])
      assert.isUndefined(ring.find(Number.parseInt(one, 16)))
      assert.strictEqual(ring.find(Number.parseInt(two, 16)), ring.primary())
    })
  )

  it.effect("refuses to remove the primary and to name a key that it lacks", () =>
    Effect.gen(function* () {
      const ring = ringOf("one", "two")
      const [one = "", two = ""] = (yield* ring.list).map(({ keyId }) => keyId)
      const primary = yield* Effect.flip(ring.remove(one))
      assert.strictEqual(primary._tag, "KeyIsPrimary")
      const unknown = yield* Effect.flip(ring.use("0badf00d"))
      assert.strictEqual(unknown.message, `no key 0badf00d in the key ring; it holds ${one}, ${two}`)
      assert.strictEqual((yield* Effect.flip(ring.remove("")))._tag, "KeyUnknown")
    })
  )

  it.effect("holds 16 keys", () =>
    Effect.gen(function* () {
      const ring = ringOf("0", ...Array.from({ length: 15 }, (_, index) => `${index + 1}`))
      const full = yield* Effect.flip(ring.install(keyOf("16")))
      assert.strictEqual(full._tag, "KeyringFull")
      yield* ring.install(keyOf("3"))
    })
  )

  const bad: Readonly<Record<string, readonly [key: string, message: RegExp]>> = {
    "no base64": ["not a key!", /base64 of 32 random bytes is needed/],
    "URL-safe base64": [`${"_".repeat(43)}=`, /base64 of 32 random bytes is needed/],
    "16 bytes": [Buffer.alloc(16, "ab").toString("base64"), /decodes to 16 bytes.*exactly 32/],
    "33 bytes": [Buffer.alloc(33, "ab").toString("base64"), /decodes to 33 bytes/],
    "no padding": [Buffer.alloc(32, "ab").toString("base64").slice(0, -1), /exactly 32/],
    "bits beyond the last byte": [
      `${Buffer.alloc(32, "ab").toString("base64").slice(0, -2)}J=`,
      /exactly 32/
    ],
    nothing: ["", /decodes to 0 bytes/],
    zeros: [Buffer.alloc(32).toString("base64"), /all of its bytes are the same/]
  }
  for (const [name, [key, message]] of Object.entries(bad)) {
    it.effect(`refuses ${name}, naming the key's place and not the key`, () =>
      Effect.gen(function* () {
        const invalid = yield* Effect.flip(makeKeyring([keyOf("one"), Redacted.make(key)]))
        assert.strictEqual(invalid._tag, "KeyInvalid")
        assert.match(invalid.message, /^key 1 of the key ring refused: /)
        assert.match(invalid.message, message)
        if (key !== "") assert.notInclude(JSON.stringify(invalid), key)
      })
    )
  }
})
