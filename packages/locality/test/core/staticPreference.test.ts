import { assert, describe, it } from "@effect/vitest"

import { staticPreference } from "../../src/core/staticPreference.ts"
import { unguarded } from "../../src/core/transferGuards.ts"
import { changeVoter, eager, farIds, farRtts, patient, reasonOf, viewOf } from "../support/quorumViews.ts"

const limits = { ...eager, preference: ["n3", "n2"] }
const decide = (view: Parameters<typeof staticPreference>[1], patience = limits) =>
  staticPreference(unguarded, view, patience)[1]

describe("staticPreference", () => {
  it("the most preferred voter that may lead does, wherever it sits", () => {
    const near = viewOf(farIds, farRtts, "n1")
    assert.deepStrictEqual(decide(near), { _tag: "Transfer", target: "n3", gainMillis: 0, evacuation: false })
    assert.deepInclude(decide(changeVoter(near, "n3", { alive: false })), { target: "n2" })
    assert.deepInclude(decide(near, { ...limits, preference: ["far"] }), { target: "far", gainMillis: -236 })
  })
  it("a leader that nobody is preferred to stays", () => {
    assert.deepStrictEqual(reasonOf(decide(viewOf(farIds, farRtts, "n3"))), { _tag: "preferred" })
    const unnamed = decide(viewOf(farIds, farRtts, "n1"), { ...limits, preference: [] })
    assert.deepStrictEqual(reasonOf(unnamed), { _tag: "preferred" })
  })
  it("waits like the others, and needs an engine that takes a target", () => {
    const near = viewOf(farIds, farRtts, "n1")
    assert.strictEqual(reasonOf(decide(near, { ...patient, preference: ["n3"] }))?._tag, "settling")
    assert.strictEqual(reasonOf(decide({ ...near, targeted: false }))?._tag, "noTarget")
  })
})
