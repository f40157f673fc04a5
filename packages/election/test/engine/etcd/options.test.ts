import { assert, it } from "@effect/vitest"
import { Duration, Redacted, Result, Schema } from "effect"

import { EtcdOptions } from "../../../src/engine/etcd.ts"

const decode = Schema.decodeUnknownResult(EtcdOptions)

it("nothing is required, and the defaults are those of the documentation", () => {
  const options = Result.getOrThrow(decode({}))
  assert.deepStrictEqual(options, EtcdOptions.make({}))
  assert.deepStrictEqual(options.groups, [])
  assert.strictEqual(Duration.toMillis(options.statusTimeout), 5000)
  assert.strictEqual(Duration.toMillis(options.probeTimeout), 3000)
  assert.strictEqual(Duration.toMillis(options.transferTimeout), 10_000)
  assert.strictEqual(Duration.toMillis(options.verifyWindow), 15_000)
  assert.strictEqual(options.responseBytesMax, 1_048_576)
})

it("text decodes to durations and secrets that do not print", () => {
  const options = Result.getOrThrow(
    decode({ auth: { username: "root", password: "s3cret" }, tls: {}, statusTimeout: "2 seconds" })
  )
  assert.strictEqual(Duration.toMillis(options.statusTimeout), 2000)
  assert.isTrue(options.tls?.rejectUnauthorized)
  assert.strictEqual(options.auth === undefined ? "" : Redacted.value(options.auth.password), "s3cret")
  assert.notInclude(JSON.stringify(options), "s3cret")
})

for (const [name, options, expected] of [
  ["a URL with a path", { groups: [{ name: "g", url: "http://127.0.0.1:2379/v3" }] }, "http or https origin"],
  ["another scheme", { groups: [{ name: "g", url: "unix://etcd" }] }, "http or https origin"],
  ["an empty name", { groups: [{ name: "", url: "http://127.0.0.1:2379" }] }, "name"],
  [
    "a name twice",
    { groups: ["http://127.0.0.1:1", "http://127.0.0.1:2"].map((url) => ({ name: "g", url })) },
    "two entries named g"
  ],
  ["no time at all", { probeTimeout: "0 millis" }, "probeTimeout must be more than zero"],
  ["too small a limit", { responseBytesMax: 1 }, "responseBytesMax"]
] as const) {
  it(`refuses ${name}, and says what would be right`, () => {
    const result = decode(options)
    assert.isTrue(Result.isFailure(result))
    if (Result.isFailure(result)) assert.include(result.failure.message, expected)
  })
}
