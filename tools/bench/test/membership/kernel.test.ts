import { assert, describe, it } from "vitest"

import { cpuTicks, udpCounters } from "../../src/membership/kernel.ts"

describe("what the kernel counts", () => {
  it("reads UDP counters by name, and not those of UDP-Lite", () => {
    const text = [
      "Tcp: InSegs OutSegs",
      "Tcp: 1 2",
      "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors",
      "Udp: 11 12 13 14 15 16",
      "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors",
      "UdpLite: 0 0 0 0 0 0"
    ].join("\n")
    assert.deepStrictEqual(udpCounters(text), { out: 14, bufferErrors: 15 })
  })

  it("waiting for a disk is rest; guests are counted once", () => {
    const text = "cpu  10 1 5 80 4 0 0 0 7 7\ncpu0 5 0 2 40 2 0 0 0 3 3\n"
    assert.deepStrictEqual(cpuTicks(text), { all: 100, idle: 84 })
  })
})
