import { assert, describe, it } from "vitest"

import type { Figure, Scenario } from "../../src/membership/Scenario.ts"
import {
  describeLoad,
  describeSpread,
  describeTarget,
  isMet,
  membershipTable,
  rowsOf,
  type Run,
  spreadOf
} from "../../src/membership/summary.ts"

const figure = (target: Figure["target"], digits = 1): Figure => ({
  key: "time",
  what: "time",
  unit: "s",
  digits,
  ...(target === undefined ? {} : { target })
})

const scenario: Scenario = {
  name: "kill",
  what: "one dies",
  nodes: 4,
  rounds: 3,
  cluster: { apart: false, sealed: false, paceMillis: 0 },
  profiles: { ours: "lan", memberlist: "lan" },
  fromConverged: true,
  figures: [figure({ max: 5 })],
  measure: () => Promise.resolve({})
}

const runOf = (system: Run["system"], time: number | undefined, busyShare = 0): Run => ({
  scenario: "kill",
  system,
  nodes: 4,
  load: { busyShare, loadAverage: 0 },
  figures: time === undefined ? undefined : { time }
})

describe("spreadOf", () => {
  it("is the median and the extremes; of two, the smaller is the median", () => {
    assert.deepStrictEqual(spreadOf([3, 1, 10]), { min: 1, median: 3, max: 10, rounds: 3 })
    assert.strictEqual(spreadOf([4, 2])?.median, 2)
    assert.strictEqual(spreadOf([1, Infinity, Infinity])?.median, Infinity)
    assert.isUndefined(spreadOf([]))
  })
})

describe("isMet", () => {
  it("judges what is shown, within both bounds", () => {
    const judge = (value: number, target: Figure["target"]) => isMet(figure(target), spreadOf([value]))
    assert.isTrue(judge(5.04, { max: 5 }))
    assert.isFalse(judge(5.06, { max: 5 }))
    assert.isFalse(judge(9.7, { min: 9.8, max: 10.8 }))
    assert.isFalse(judge(Infinity, { max: 5 }))
    assert.isUndefined(judge(5, undefined))
    assert.isUndefined(isMet(figure({ max: 5 }), undefined))
  })
})

describe("texts", () => {
  it("name targets and spreads", () => {
    assert.deepStrictEqual(
      [{ max: 5 }, { max: 0 }, { min: 1, max: 2 }, undefined].map((target) => describeTarget(figure(target))),
      ["<= 5 s", "0 s", "1 to 2 s", "-"]
    )
    assert.strictEqual(describeSpread(figure(undefined), spreadOf([1, 2, 3.14])), "2.0 (1.0-3.1) s")
    assert.strictEqual(describeSpread(figure(undefined), spreadOf([1])), "1.0 s")
    assert.strictEqual(describeSpread(figure(undefined), spreadOf([1, Infinity, 2])), "2.0 (1.0-never) s")
  })

  it("say that something never happened", () => {
    assert.strictEqual(describeSpread(figure(undefined), spreadOf([Infinity, Infinity])), "never")
  })

  it("say aloud when the machine was busy", () => {
    assert.match(describeLoad([runOf("ours", 1, 0.02)]), /^before the runs the machine was 2 % busy/)
    assert.match(describeLoad([runOf("ours", 1, 0.02), runOf("ours", 1, 0.5)]), /^BUSY MACHINE/)
  })
})

describe("rowsOf", () => {
  it("draws rounds together per system, and leaves out those that were not measured", () => {
    const runs = [runOf("ours", 4), runOf("memberlist", 9), runOf("ours", 6), runOf("ours", undefined)]
    const [row] = rowsOf([scenario], runs)
    assert.deepStrictEqual(row?.ours, { min: 4, median: 4, max: 6, rounds: 2 })
    assert.strictEqual(row?.memberlist?.median, 9)
    assert.isTrue(row?.met)
    const [alone] = rowsOf([scenario], [runOf("ours", 7)])
    assert.isUndefined(alone?.memberlist)
    assert.isFalse(alone?.met)
  })

  it("makes a table", () => {
    const table = membershipTable([scenario], rowsOf([scenario], [runOf("ours", 7)]))
    assert.strictEqual(
      table.split("\n").at(-1)?.replaceAll(/ +/g, " "),
      "| kill: one dies | 4 | time | <= 5 s | 7.0 s | - | MISSED |"
    )
  })
})
