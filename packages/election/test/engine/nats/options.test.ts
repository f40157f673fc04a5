import { assert, it } from "@effect/vitest"
import { Duration, Redacted, Result, Schema } from "effect"

import { NatsOptions } from "../../../src/engine/nats.ts"

const decode = Schema.decodeUnknownResult(NatsOptions)
const url = "nats://127.0.0.1:4222"

it("a URL is required, and the defaults are those of the documentation", () => {
  assert.isTrue(Result.isFailure(decode({})))
  const options = Result.getOrThrow(decode({ url }))
  assert.deepStrictEqual(options, NatsOptions.make({ url }))
  assert.deepStrictEqual(options.servers, [])
  assert.isTrue(options.consumers)
  assert.strictEqual(options.groupsMax, 1000)
  const millis = [options.statusTimeout, options.probeTimeout, options.transferTimeout, options.verifyWindow]
  assert.deepStrictEqual(millis.map(Duration.toMillis), [5000, 3000, 5000, 15_000])
  assert.strictEqual(options.responseBytesMax, 1_048_576)
})

it("credentials of each kind decode to secrets that do not print", () => {
  for (const auth of [
    { username: "app", password: "s3cret" },
    { token: "s3cret" },
    { credentials: "s3cret" }
  ]) {
    const options = Result.getOrThrow(decode({ url, auth, system: auth }))
    assert.notInclude(JSON.stringify(options), "s3cret")
    assert.isTrue(Object.values(options.auth ?? {}).some((value) => Redacted.isRedacted(value)))
  }
})

for (const [name, options, expected] of [
  ["a bare address", { url: "127.0.0.1:4222" }, "nats or tls address"],
  ["another scheme", { url: "http://127.0.0.1:4222" }, "nats or tls address"],
  ["a URL with a password", { url: "nats://a:b@127.0.0.1:4222" }, "nats or tls address"],
  ["a URL with a path", { url: "nats://127.0.0.1:4222/x" }, "nats or tls address"],
  ["no host", { url: "nats://" }, "nats or tls address"],
  ["a server that is no address", { url, servers: ["n2"] }, "nats or tls address"],
  ["no time at all", { url, probeTimeout: "0 millis" }, "probeTimeout must be more than zero"],
  ["no group at all", { url, groupsMax: 0 }, "groupsMax"]
] as const) {
  it(`refuses ${name}, and says what would be right`, () => {
    const result = decode(options)
    assert.isTrue(Result.isFailure(result))
    if (Result.isFailure(result)) assert.include(result.failure.message, expected)
  })
}
