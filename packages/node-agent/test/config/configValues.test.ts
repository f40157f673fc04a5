import { assert, describe, it } from "@effect/vitest"
import { Duration, Result, Schema } from "effect"
import { assert as check, integer, property } from "fast-check"

import {
  durationBetween,
  formatDuration,
  formatHostPort,
  HostPort,
  HttpOrigin,
  isLoopback,
  isWildcard
} from "../../src/config/configValues.ts"

describe("a duration", () => {
  const schema = durationBetween("0ms", "1d")
  it("is written back as it can be read, in the largest exact unit", () => {
    check(
      property(integer({ min: 0, max: 86_400_000 }), (millis) => {
        const written = formatDuration(Duration.millis(millis))
        assert.strictEqual(Duration.toMillis(Schema.decodeSync(schema)(written)), millis)
      })
    )
    assert.deepStrictEqual(
      [0, 1, 1500, 90_000, 120_000, 3_600_000, 86_400_000].map((millis) =>
        formatDuration(Duration.millis(millis))
      ),
      ["0ms", "1ms", "1500ms", "90s", "2m", "1h", "1d"]
    )
  })
  it("may have a fraction, and no sign, space or other unit", () => {
    assert.strictEqual(Duration.toMillis(Schema.decodeSync(schema)("1.5s")), 1500)
    for (const wrong of ["", "1", "-1s", "1 s", "1sec", "s", "1s1s", "1e3s", "Infinitys", "²s"])
      assert.isTrue(Result.isFailure(Schema.decodeResult(schema)(wrong)), wrong)
  })
})

describe("host:port", () => {
  it("is written back as it was read", () => {
    for (const text of ["127.0.0.1:7480", "[::1]:0", "node-1.example:65535"])
      assert.strictEqual(formatHostPort(Schema.decodeSync(HostPort)(text)), text)
  })
  it("needs brackets around an IPv6 address, and a port", () => {
    for (const wrong of ["::1:80", "host", ":80", "host:", "host:65536", "host:80/x", "a b:80"])
      assert.isTrue(Result.isFailure(Schema.decodeResult(HostPort)(wrong)), wrong)
  })
})

it("an origin has no path and no credentials", () => {
  assert.isTrue(Schema.is(HttpOrigin)("https://db.example:4001"))
  for (const wrong of ["http://u:p@h", "http://h/x", "http://h?q", "ftp://h", "h:80", "http://"])
    assert.isFalse(Schema.is(HttpOrigin)(wrong), wrong)
})

it("loopback and wildcard hosts are told from others", () => {
  assert.deepStrictEqual(
    ["127.0.0.1", "127.9.9.9", "::1", "localhost", "10.0.0.1", "0.0.0.0"].map(isLoopback),
    [true, true, true, true, false, false]
  )
  assert.deepStrictEqual(["0.0.0.0", "::", "127.0.0.1"].map(isWildcard), [true, true, false])
})
