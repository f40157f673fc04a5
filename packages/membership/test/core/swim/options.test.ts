import { assert, describe, it } from "@effect/vitest"

import { optionProblems, pushPullScale, swimProfiles } from "../../../src/core/swim/options.ts"

const { lan } = swimProfiles

describe("options", () => {
  it.each(Object.entries(swimProfiles))("profile %s is sound", (_name, profile) => {
    assert.deepStrictEqual(optionProblems(profile), [])
  })

  it.each([
    [{ probeTimeoutMillis: 1000 }, "probeTimeoutMillis must be less than probeIntervalMillis"],
    [{ helpers: Number.NaN }, "helpers must be a whole number from 0 to 16, not NaN"],
    [{ helpers: 17 }, "helpers must be a whole number from 0 to 16, not 17"],
    [{ suspicionMult: 0 }, "suspicionMult must be a finite number from 0.1, not 0"],
    [{ packetBytesMax: 511 }, "packetBytesMax must be a whole number from 512 to 65507, not 511"],
    [{ awarenessMax: 0 }, "awarenessMax must be a whole number from 1, not 0"],
    [{ suspicionMaxMult: 0.5 }, "suspicionMaxMult must be a finite number from 1, not 0.5"],
    [{ retransmitMult: 0 }, "retransmitMult must be a finite number from 1, not 0"],
    [{ gossipFanout: 0 }, "gossipFanout must be a whole number from 1, not 0"],
    [{ gossipFanout: 2.5 }, "gossipFanout must be a whole number from 1, not 2.5"],
    [{ pingReqsPerSecond: 1.5 }, "pingReqsPerSecond must be a whole number from 0, not 1.5"],
    [{ probeTimeoutMillis: 0 }, "probeTimeoutMillis must be a finite number from 1, not 0"],
    [{ gossipIntervalMillis: 0 }, "gossipIntervalMillis must be a finite number from 1, not 0"],
    [{ streamTimeoutMillis: 0 }, "streamTimeoutMillis must be a finite number from 1, not 0"],
    [{ pushPullIntervalMillis: 0 }, "pushPullIntervalMillis must be a finite number from 1, not 0"],
    [{ healIntervalMillis: 0 }, "healIntervalMillis must be a finite number from 1, not 0"],
    [{ seedIntervalMillis: Infinity }, "seedIntervalMillis must be a finite number from 1, not Infinity"],
    [
      { tombstoneTtlMillis: 60_000 },
      "tombstoneTtlMillis must be at least 792000, twice the push/pull period of membersMax"
    ]
  ])("says what is wrong with %o", (change, problem) => {
    assert.deepStrictEqual(optionProblems({ ...lan, ...change }), [problem])
  })

  it.each([
    [32, 1],
    [33, 2],
    [65, 3],
    [10_000, 10]
  ])("among %i members push/pull comes %i times as seldom", (n, scale) => {
    assert.strictEqual(pushPullScale(n), scale)
  })
})
