import { mkdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"

import { newSwimKey } from "../src/config/swimKey.ts"
import { openKeyring, type RingKeys } from "../src/keyringFile.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const ringOf = (first: string, ...others: ReadonlyArray<string>): RingKeys => [
  Redacted.make(first),
  ...others.map((key) => Redacted.make(key))
]
const [a, b, c] = [newSwimKey(), newSwimKey(), newSwimKey()]

describe("the kept key ring", () => {
  it.live("is what it was saved as, whatever the configuration said before, and for this user only", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "keyring.json")
      const { save } = yield* openKeyring(path, ringOf(a))
      yield* save(ringOf(b, c))
      const again = yield* openKeyring(path, ringOf(a))
      assert.deepStrictEqual(again.keys.map(Redacted.value), [b, c])
      assert.strictEqual((yield* Effect.promise(() => stat(path))).mode & 0o777, 0o600)
    })
  )

  it.live("has a key that was added to the configuration, also after the start after that", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "keyring.json")
      yield* openKeyring(path, ringOf(a))
      for (let start = 0; start < 2; start++) {
        const { keys } = yield* openKeyring(path, ringOf(a, b))
        assert.deepStrictEqual(keys.map(Redacted.value), [a, b])
      }
    })
  )

  it.live("that is damaged stops the agent, without a word of what it holds", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "keyring.json")
      yield* Effect.promise(() => writeFile(path, `{"keys":["${a}"`))
      const { key, message } = yield* Effect.flip(openKeyring(path, ringOf(a)))
      assert.strictEqual(key, "node.stateFolder")
      assert.include(message, "keyring.json is damaged; restore it, or remove it")
      assert.notInclude(message, a)
    })
  )

  it.live("that cannot be written says why, and the file stays as it was", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "keyring.json")
      const { save } = yield* openKeyring(path, ringOf(a))
      const before = yield* Effect.promise(() => readFile(path, "utf8"))
      // A folder in the way of the draft stops root, too.
      yield* Effect.promise(() => mkdir(`${path}.new`))
      assert.strictEqual(yield* Effect.flip(save(ringOf(b))), `cannot write ${path}: EISDIR`)
      assert.strictEqual(yield* Effect.promise(() => readFile(path, "utf8")), before)
    })
  )

  it.live("of more keys than a ring holds is refused, and stays as it was", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "keyring.json")
      const { save } = yield* openKeyring(path, ringOf(a))
      yield* save(ringOf(a, ...Array.from({ length: 15 }, newSwimKey)))
      const before = yield* Effect.promise(() => readFile(path, "utf8"))
      const { key, message } = yield* Effect.flip(openKeyring(path, ringOf(a, b)))
      assert.strictEqual(key, "membership.keys_file")
      assert.include(message, "are 17 together, and a ring holds 16")
      assert.strictEqual(yield* Effect.promise(() => readFile(path, "utf8")), before)
    })
  )
})
