import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { packetSizes } from "../../src/core/swimWire/packetCodec.ts"
import { parseIpAddress } from "../../src/transport/ipAddress.ts"
import { type NameService, resolveSeed } from "../../src/transport/seedNames.ts"
import { sealing } from "../support/sealing.ts"

const names: NameService = {
  hosts: (name) =>
    name === "db.example"
      ? Promise.resolve(["10.0.0.1", "2001:db8::1"])
      : Promise.reject(new Error(`ENOTFOUND ${name}`)),
  services: (name) =>
    name === "_coterie._udp.example"
      ? Promise.resolve([{ host: "db.example", port: 7001 }])
      : Promise.resolve([])
}

describe("resolveSeed", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["10.1.2.3:7946", ["10.1.2.3:7946"]],
    ["[2001:db8::7]:7946", ["[2001:db8::7]:7946"]],
    ["db.example:7946", ["10.0.0.1:7946", "[2001:db8::1]:7946"]],
    ["srv:_coterie._udp.example", ["10.0.0.1:7001", "[2001:db8::1]:7001"]]
  ]
  for (const [seed, expected] of cases) {
    it.effect(`finds ${seed}`, () =>
      Effect.map(resolveSeed(seed, names), (found) => assert.deepStrictEqual(found, expected))
    )
  }

  const bad: ReadonlyArray<readonly [string, RegExp]> = [
    ["db.example", /address:port, name:port, or srv:/],
    ["db.example:70000", /address:port/],
    ["http://10.0.0.1:80/", /address:port/],
    ["other.example:1", /ENOTFOUND other\.example/],
    ["srv:_nothing._udp.example", /no address/]
  ]
  for (const [seed, expected] of bad) {
    it.effect(`says what is wrong with ${seed}`, () =>
      Effect.map(Effect.flip(resolveSeed(seed, names)), ({ message }) => assert.match(message, expected))
    )
  }
})

describe("addresses", () => {
  it("are so short that the largest request fits the smallest packet", () => {
    const address = `[${"f".repeat(4)}${":ffff".repeat(7)}%${"x".repeat(16)}]:65535`
    assert.isDefined(parseIpAddress(address))
    assert.isUndefined(parseIpAddress(`${address}0`))
    assert.isAtMost(address.length, 64)
    const id = "x".repeat(128)
    const { packets } = sealing()
    const bytes = packetSizes(packets.overheadBytes(id)).message({
      _tag: "PingReq",
      seq: 2 ** 32 - 1,
      target: { id, generation: Number.MAX_SAFE_INTEGER, instanceHash: 2 ** 32 - 1 },
      address: "x".repeat(64),
      incarnation: 2 ** 32 - 1,
      budgetMillis: 2 ** 32 - 1
    })
    assert.isAtMost(bytes, 512)
  })

  const wrong = ["10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "name:1", "[10.0.0.1", "::1:80", "10.0.0.1:80 "]
  for (const text of wrong) {
    it(`are not ${text}`, () => assert.isUndefined(parseIpAddress(text)))
  }
})
