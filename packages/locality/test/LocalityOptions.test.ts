import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"

import { LocalityOptions } from "../src/index.ts"

const decode = Schema.decodeUnknownSync(LocalityOptions)

describe("LocalityOptions", () => {
  it("the defaults are those of the seed, and only advise", () => {
    const options = LocalityOptions.make({})
    assert.deepStrictEqual(
      [options.interval, options.rttThreshold, options.cooldown, options.probeTimeout].map(Duration.toMillis),
      [90_000, 100, 600_000, 3000]
    )
    assert.deepInclude(options, { probesPerRound: 3, mode: "advise", policy: "nearestPeer", history: 1000 })
  })
  it("the defaults of quorumLatency are patient", () => {
    const options = LocalityOptions.make({})
    assert.deepStrictEqual(
      [options.persistence, options.settle, options.minGain].map(Duration.toMillis),
      [60_000, 60_000, 5]
    )
    assert.deepInclude(options, { persistenceRounds: 3, attemptsPerDay: 3, minGainRatio: 0.05, minRounds: 3 })
  })
  it("decoding nothing gives the same as constructing nothing", () => {
    assert.deepStrictEqual(decode({}), LocalityOptions.make({}))
  })
  it("decodes what a file says", () => {
    const options = decode({ interval: "2 seconds", mode: "act" })
    assert.strictEqual(Duration.toMillis(options.interval), 2000)
    assert.strictEqual(options.mode, "act")
  })
  it.each([
    [{ interval: "1 millis" }, "interval must be 10 ms to 1 day"],
    [{ interval: "25 hours" }, "interval must be 10 ms to 1 day"],
    [{ cooldown: "Infinity" }, "cooldown must be finite and not negative"],
    [{ rttThreshold: "-1 millis" }, "rttThreshold must be finite and not negative"],
    [{ probeTimeout: "0 millis" }, "probeTimeout must be more than 0"],
    [{ probeTimeout: "20 seconds" }, "evaluationTimeout must be longer than probeTimeout"],
    [{ mode: "dance" }, "act"],
    [{ probesPerRound: 0 }, "1"],
    [{ persistence: "-1 seconds" }, "persistence must be finite and not negative"],
    [{ minGainRatio: 1.5 }, "1"],
    [{ minRounds: 9 }, "8"],
    [{ policy: "guess" }, "quorumLatency"]
  ] as const)("%j is refused: %s", (input, sentence) => {
    assert.throws(() => decode(input), sentence)
  })
})
