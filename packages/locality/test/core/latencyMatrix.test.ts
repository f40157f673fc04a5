import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import {
  acceptClaim,
  emptyMatrix,
  type Freshness,
  type LatencyMatrix,
  ownRows,
  recordEngineRtt,
  readLink,
  recordRound
} from "../../src/core/latencyMatrix.ts"
import type { LinkEstimate } from "../../src/core/linkRounds.ts"
import { commitCost } from "../../src/core/quorumCost.ts"
import { distancesBetween } from "../../src/core/quorumDistances.ts"
import { viewOf } from "../support/quorumViews.ts"

const fresh: Freshness = { nowMillis: 0, maxAgeMillis: 300_000, minRounds: 3 }

const estimate = (p50Millis: number, changes: Partial<LinkEstimate> = {}): LinkEstimate => ({
  p50Millis,
  p90Millis: p50Millis,
  iqrMillis: 0,
  rounds: 8,
  loss: 0,
  measuredAtMillis: 0,
  probedAtMillis: 0,
  ...changes
})

/** Three rounds, which are enough. */
const measure = (matrix: LatencyMatrix, from: string, to: string, millis: number) =>
  [1, 2, 3].reduce((before) => measureOnce(before, from, to, millis), matrix)

const measureOnce = (matrix: LatencyMatrix, from: string, to: string, bestMillis: number) =>
  recordRound(matrix, { from, to }, { atMillis: 0, bestMillis, sent: 3, lost: 0 })

const claim = (matrix: LatencyMatrix, from: string, row: Readonly<Record<string, LinkEstimate>>) =>
  acceptClaim(matrix, from, new Map(Object.entries(row)))

const millisOf = (matrix: LatencyMatrix, a: string, b: string): number | undefined => {
  const reading = readLink(matrix, a, b, fresh)
  return reading._tag === "Measured" ? reading.millis : undefined
}

describe("latencyMatrix: reading a link", () => {
  it("two rounds are not enough, three are", () => {
    const twice = measureOnce(measureOnce(emptyMatrix, "me", "b", 20), "me", "b", 20)
    assert.deepStrictEqual(readLink(twice, "me", "b", fresh), {
      _tag: "Missing"
    })
    assert.strictEqual(millisOf(measure(emptyMatrix, "me", "b", 20), "b", "me"), 20)
  })
  it("ends that agree count by their mean, others by the larger with a flag", () => {
    const heard = claim(claim(emptyMatrix, "a", { b: estimate(100) }), "b", { a: estimate(120) })
    assert.deepInclude(readLink(heard, "a", "b", fresh), { millis: 110, asymmetric: false })
    const apart = claim(claim(emptyMatrix, "a", { b: estimate(100) }), "b", { a: estimate(150) })
    assert.deepInclude(readLink(apart, "a", "b", fresh), { millis: 150, asymmetric: true })
  })
  it("one silent agent costs nothing: its links are known from the other ends", () => {
    const heard = claim(claim(emptyMatrix, "a", { silent: estimate(30) }), "b", { silent: estimate(40) })
    assert.strictEqual(millisOf(heard, "silent", "a"), 30)
    assert.strictEqual(millisOf(heard, "silent", "b"), 40)
  })
  it("an old value is stale: known, but no longer good enough", () => {
    const old = claim(emptyMatrix, "a", { b: estimate(30, { measuredAtMillis: -300_001 }) })
    assert.deepStrictEqual(readLink(old, "a", "b", fresh), { _tag: "Stale", millis: 30, ageMillis: 300_001 })
  })
  it("a link that loses half of its probes is down, not slow, until that is too long ago to matter", () => {
    const lossy = claim(emptyMatrix, "a", { b: estimate(30, { loss: 0.5 }) })
    assert.deepInclude(readLink(lossy, "a", "b", fresh), { _tag: "Measured", up: false })
    const reachable = claim(lossy, "b", { a: estimate(30) })
    assert.deepInclude(readLink(reachable, "a", "b", fresh), { up: false })
    const past = claim(emptyMatrix, "a", {
      b: estimate(30, { loss: 1, measuredAtMillis: -400_000, probedAtMillis: -400_000 })
    })
    assert.strictEqual(readLink(claim(past, "b", { a: estimate(30) }), "a", "b", fresh)._tag, "Measured")
  })
  it("links that were not probed for long are forgotten, and claims are laid anew each time", () => {
    const matrix = claim(measure(emptyMatrix, "me", "b", 20), "c", { b: estimate(5) })
    assert.deepStrictEqual([...ownRows(matrix, { nowMillis: 0, keepMillis: 1000 }).rows.keys()], ["me"])
    assert.deepStrictEqual(ownRows(matrix, { nowMillis: 1001, keepMillis: 1000 }), emptyMatrix)
  })
})

describe("latencyMatrix: one liar", () => {
  it("cannot shorten a link whose other end speaks", () => {
    const honest = claim(emptyMatrix, "b", { liar: estimate(200) })
    assert.strictEqual(millisOf(claim(honest, "liar", { b: estimate(1) }), "liar", "b"), 200)
  })
  it("cannot stretch a link of the agent that decides by more than the tolerance", () => {
    const own = measure(emptyMatrix, "me", "liar", 100)
    assert.strictEqual(millisOf(claim(own, "liar", { me: estimate(5000) }), "me", "liar"), 125)
  })
  it("cannot shorten a link to a silent node below what the triangle over own measurements allows", () => {
    const own = measure(measure(emptyMatrix, "me", "liar", 20), "me", "silent", 220)
    assert.strictEqual(millisOf(claim(own, "liar", { silent: estimate(1) }), "liar", "silent"), 150)
  })
  it("cannot call a link down that this node sees up, nor hide behind an old name of its node", () => {
    const own = measure(emptyMatrix, "me", "liar", 100)
    const called = claim(own, "liar", { me: estimate(100, { loss: 1 }) })
    assert.deepInclude(readLink(called, "me", "liar", fresh), { up: true })
    const before = claim(emptyMatrix, "a", { b: estimate(500, { measuredAtMillis: -400_000 }) })
    assert.strictEqual(millisOf(claim(before, "a", { b: estimate(50) }), "a", "b"), 50)
  })
  it("cannot speak for a place of this node, nor make another's claim shorter", () => {
    const own = measure(emptyMatrix, "me", "b", 50)
    assert.strictEqual(millisOf(claim(own, "me", { b: estimate(1) }), "me", "b"), 50)
    const twice = claim(claim(emptyMatrix, "a", { b: estimate(50) }), "a", { b: estimate(1) })
    assert.strictEqual(millisOf(twice, "a", "b"), 50)
  })
  it("property: whatever it claims, it never looks cheaper than it is by more than the tolerance between honest ends", () => {
    const rtt = fc.integer({ min: 1, max: 400 })
    fc.assert(
      fc.property(
        fc.array(fc.array(rtt, { minLength: 5, maxLength: 5 }), { minLength: 5, maxLength: 5 }),
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 5, maxLength: 5 }),
        (raw, lies) => {
          const ids = ["me", "a", "b", "c", "liar"]
          const truth = raw.map((_, x) =>
            raw.map((__, y) => (x === y ? 0 : (raw[Math.min(x, y)]?.[Math.max(x, y)] ?? 0)))
          )
          const rowOf = (from: number, values: ReadonlyArray<number>) =>
            Object.fromEntries(
              ids.flatMap((id, to) => (to === from ? [] : [[id, estimate(values[to] ?? 0)]]))
            )
          let matrix = emptyMatrix
          for (const [to, id] of ids.entries())
            if (to > 0) matrix = measure(matrix, "me", id, truth[0]?.[to] ?? 0)
          for (const from of [1, 2, 3])
            matrix = claim(matrix, ids[from] ?? "", rowOf(from, truth[from] ?? []))
          matrix = claim(matrix, "liar", rowOf(4, lies))
          const reckoning = { bound: "loMillis", outlook: "now" } as const
          const honest = commitCost(viewOf(ids, truth, "me"), 4, reckoning)
          const view = { ...viewOf(ids, truth, "me"), distances: distancesBetween(matrix, ids, fresh) }
          const seen = commitCost(view, 4, reckoning)
          assert.isAtLeast(seen, honest - Math.max(0.125 * honest, 5) - 1e-9)
        }
      )
    )
  })
})

const engineSays = (matrix: LatencyMatrix, millis: number, atMillis = 1000) =>
  recordEngineRtt(matrix, { from: "a", to: "b" }, { atMillis, millis })
const agentSays = (millis: number, lost = 0) =>
  recordRound(emptyMatrix, { from: "a", to: "b" }, { atMillis: 1000, bestMillis: millis, sent: 3, lost })

describe("what an engine measured itself", () => {
  const freshness = { nowMillis: 1000, maxAgeMillis: 300_000, minRounds: 1 }
  it("stands in where no agent has measured, from either end", () => {
    assert.deepInclude(readLink(engineSays(emptyMatrix, 20), "b", "a", freshness), {
      _tag: "Measured",
      millis: 20
    })
    assert.strictEqual(readLink(engineSays(emptyMatrix, 20), "a", "c", freshness)._tag, "Missing")
  })

  it("counts against an agent only where they contradict each other", () => {
    assert.deepInclude(readLink(engineSays(agentSays(100), 124), "a", "b", freshness), { millis: 100 })
    assert.deepInclude(readLink(engineSays(agentSays(0.5), 9), "a", "b", freshness), { millis: 0.5 })
    assert.deepInclude(readLink(engineSays(agentSays(1), 256), "a", "b", freshness), {
      millis: 256,
      up: true
    })
    const lossy = readLink(engineSays(agentSays(1, 2), 256), "a", "b", freshness)
    assert.deepInclude(lossy, { millis: 256, up: false }, "whether the link is up is what agents see")
  })

  it("grows stale, is forgotten, and survives what others claim", () => {
    const old = engineSays(emptyMatrix, 20, -400_000)
    assert.deepInclude(readLink(old, "a", "b", freshness), { _tag: "Stale", millis: 20 })
    const kept = acceptClaim(ownRows(old, { nowMillis: 0, keepMillis: 500_000 }), "c", new Map())
    assert.strictEqual(readLink(kept, "a", "b", freshness)._tag, "Stale")
    const gone = ownRows(old, { nowMillis: 200_000, keepMillis: 500_000 })
    assert.strictEqual(readLink(gone, "a", "b", freshness)._tag, "Missing")
    assert.strictEqual(gone.engine?.size, 0)
  })
})
