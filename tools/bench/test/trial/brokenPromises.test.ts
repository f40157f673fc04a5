import { assert, describe, it } from "@effect/vitest"

import { brokenPromises } from "../../src/trial/brokenPromises.ts"
import type { Expectation } from "../../src/trial/Scenario.ts"
import type { HandOver, TrialReport } from "../../src/trial/TrialReport.ts"

const summary = (p50Millis: number) => ({ count: 100, failed: 1, p50Millis, p95Millis: p50Millis })
const latencies = (p50Millis: number) => ({ writes: summary(p50Millis), reads: summary(p50Millis) })
const toFirst: HandOver = { group: "default", target: 0, outcome: "moved", tookMillis: 900 }

const good: TrialReport = {
  engine: "rqlite",
  scenario: "far-leader",
  before: latencies(520),
  after: latencies(25),
  secondsToPlace: 40,
  longestWriteGapMillis: 600,
  slowestWriteMillis: 1300,
  failedWrites: 3,
  handOvers: [toFirst],
  leaders: [4, 0],
  finalLeaders: { default: 0 },
  ownElections: 0,
  termsPassed: 1,
  missed: [],
  configuration: { before: "a, b, c", after: "a, b, c" },
  engineRequests: { "GET /status": 7, "POST /leader": 1 },
  decisions: { "transfer moved": 1 }
}
const expected: Expectation = {
  leaders: [0, 1],
  handOvers: [1, 1],
  handOversTo: { 0: 1 },
  writeRatio: 10,
  writeGapMillis: 2000
}
const allowed = new Set(["GET /status", "POST /leader"])

/** Each change breaks exactly one promise, whose line says this. */
const breaches: ReadonlyArray<readonly [string, Partial<TrialReport>]> = [
  ["at least 1 expected", { handOvers: [] }],
  ["at most 1 expected and 0", { handOvers: [toFirst, { ...toFirst, target: 1 }] }],
  ["2 hand-overs to n1, at most 1", { ownElections: 1, handOvers: [toFirst, toFirst] }],
  ["n5 leads default", { finalLeaders: { default: 4 } }],
  ["nobody leads other", { finalLeaders: { default: 0, other: null } }],
  ["fell 9.9x, not 10x", { before: latencies(247.5) }],
  ["fell NaNx", { before: latencies(Number.NaN) }],
  ["no write succeeded", { after: { ...latencies(25), writes: { ...summary(25), failed: 100 } } }],
  ["2000 ms between two writes", { longestWriteGapMillis: 2000 }],
  ["in vain", { missed: ["waited 2 minutes for a wish, in vain"] }],
  ["membership changed", { configuration: { before: "a, b, c", after: "a, b" } }],
  ["no request of an agent", { engineRequests: {} }],
  ["must never send: DELETE /remove", { engineRequests: { "GET /status": 7, "DELETE /remove": 1 } }]
]

describe("brokenPromises", () => {
  it("finds none in a good run", () => {
    assert.deepStrictEqual(brokenPromises(good, expected, allowed), [])
  })

  it.each(breaches)("says %s", (line, change) => {
    const broken = brokenPromises({ ...good, ...change }, expected, allowed)
    assert.strictEqual(broken.length, 1, broken.join("; "))
    assert.include(broken[0], line)
  })

  it("allows one hand-over more for each election that the engine held of itself", () => {
    const again = { ...good, ownElections: 1, handOvers: [toFirst, { ...toFirst, target: 1 }] }
    assert.deepStrictEqual(brokenPromises(again, expected, allowed), [])
  })
})
