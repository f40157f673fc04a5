import { assert, describe, it } from "vitest"

import { normalizedScore } from "../../../src/core/nodedbCompat/load.ts"
import { busy, defaultWeights, load, mebibyte } from "../../support/loads.ts"

describe("score", () => {
  it("of an idle node is 0", () => {
    assert.strictEqual(normalizedScore(load("1"), defaultWeights), 0)
  })

  it("of one MiB alone is 1", () => {
    assert.strictEqual(normalizedScore(load("1", { bytesStored: mebibyte }), defaultWeights), 1)
  })

  it("adds shards, MiB, writes and reads: 4 + 8 + 2 + 3 is 17", () => {
    assert.strictEqual(normalizedScore(busy("1", [4, 8, 2, 3]), defaultWeights), 17)
  })

  it("follows the weights: 10 shards at 5 each are 50", () => {
    assert.strictEqual(normalizedScore(load("1", { shardsLed: 10 }), { ...defaultWeights, shards: 5 }), 50)
  })

  it("counts queries in full and a second of latency as 1", () => {
    const record = load("1", { queriesPerSecond: 7, p95LatencyMicros: 1_000_000 })
    assert.strictEqual(normalizedScore(record, defaultWeights), 8)
  })

  it("leaves the cpu out", () => {
    assert.strictEqual(normalizedScore(load("1", { cpuUtilization: 1 }), defaultWeights), 0)
  })
})
