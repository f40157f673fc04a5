import { assert, describe, it } from "@effect/vitest"

import { parseHostPort } from "../../src/core/hostPort.ts"

describe("parseHostPort", () => {
  it.each([
    ["10.0.0.1:4001", "10.0.0.1", 4001],
    ["db-1.example:1", "db-1.example", 1],
    ["[::1]:65535", "::1", 65_535]
  ] as const)("%s", (address, host, port) => {
    assert.deepStrictEqual(parseHostPort(address), { host, port })
  })
  it.each([
    "",
    "host",
    "host:",
    ":1",
    "host:0",
    "host:65536",
    "host:1x",
    "::1:80",
    "http://host:1",
    "a b:1",
    "[host]:1"
  ])("%j is not an address", (address) => {
    assert.isUndefined(parseHostPort(address))
  })
})
