import { assert, describe, it } from "@effect/vitest"

import { optionProblems, pushPullScale, swimProfiles } from "../../../src/core/swim/options.ts"

const { lan } = swimProfiles

describe("options", () => {
  it.each(Object.entries(swimProfiles))("profile %s is sound", (_name, profile) => {
    assert.deepStrictEqual(optionProblems(profile), [])
  })

  it.each([
    [{ probeTimeoutMillis: 1000 }, "probeTimeoutMillis must be less than probeIntervalMillis"],
    [{ helpers: Number.NaN }, "helpers must be a finite number from 0, not NaN"],
    [{ suspicionMult: -1 }, "suspicionMult must be a finite number from 0, not -1"],
    [{ packetBytesMax: 511 }, "packetBytesMax must be from 512 to 65507"],
    [{ awarenessMax: 0 }, "awarenessMax must be at least 1"],
    [{ suspicionMaxMult: 0.5 }, "suspicionMaxMult must be at least 1"],
    [{ gossipIntervalMillis: 0 }, "gossipIntervalMillis must be more than 0"],
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
