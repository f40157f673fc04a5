import { assert, describe, it } from "@effect/vitest"

import { parseAssumption, suppose } from "../../src/core/assumptions.ts"
import { planGroup, type PlanPolicy } from "../../src/core/groupPlan.ts"
import { quorumLatency, weighLatency } from "../../src/core/quorumLatency.ts"
import type { QuorumView } from "../../src/core/QuorumView.ts"
import { staticPreference, weighPreference } from "../../src/core/staticPreference.ts"
import {
  awsRegions,
  awsRtts,
  farIds,
  farRtts,
  first,
  patient,
  targetOf,
  viewOf
} from "../support/quorumViews.ts"

const policy: PlanPolicy = { decide: quorumLatency, weigh: weighLatency, limits: patient }
const view = viewOf(farIds, farRtts, "far")
const names = farIds.map((name) => ({ name }))

const assume = (texts: ReadonlyArray<string>) =>
  texts.map((text) => {
    const parsed = parseAssumption(text, names)
    if (parsed._tag === "Unreadable") throw new Error(text)
    return parsed
  })

const plan = (texts: ReadonlyArray<string>, from: QuorumView = view) => planGroup(from, assume(texts), policy)

describe("a plan of one group", () => {
  it("without assumptions: where leadership belongs, what the agent would do, what each loss costs", () => {
    const { after, before, losses } = plan([])
    assert.deepStrictEqual(before, after)
    assert.deepStrictEqual(after, {
      leader: "far",
      leaderMillis: 256,
      best: "n1",
      bestMillis: 20,
      quorumLost: false,
      target: "n1",
      reason: undefined
    })
    // With one of the near ones gone, the leader among them still has two near voters.
    assert.deepStrictEqual(
      losses.map(({ costMillis, quorumLost, voter }) => [voter, costMillis, quorumLost]),
      farIds.map((id) => [id, 0, false])
    )
  })

  it("a dead leader is replaced by the best of those that can be elected", () => {
    const { after } = plan(["far down"])
    assert.deepInclude(after, { leader: undefined, best: "n1", bestMillis: 20, reason: "electing" })
  })

  it("the next loss after two: the far voter becomes part of every quorum, then there is none", () => {
    const one = plan(["n4 down"], viewOf(farIds, farRtts, "n1"))
    assert.deepStrictEqual(
      one.losses.map(({ costMillis, voter }) => [voter, costMillis]),
      [
        ["far", 0],
        ["n1", 236],
        ["n2", 236],
        ["n3", 236]
      ]
    )
    const two = plan(["n4 down", "n3 down"], viewOf(farIds, farRtts, "n1"))
    assert.deepInclude(two.after, { leader: "n1", leaderMillis: 256, reason: "noSpare" })
    assert.deepStrictEqual(
      two.losses.map(({ costMillis, quorumLost }) => [quorumLost, costMillis]),
      [1, 2, 3].map(() => [true, undefined])
    )
    const three = plan(["n4 down", "n3 down", "n2 down"], viewOf(farIds, farRtts, "n1"))
    assert.deepInclude(three.after, { quorumLost: true, best: undefined, leaderMillis: undefined })
  })

  it("a quorum is lost to cut links too", () => {
    const cuts = ["n1-n2", "n1-n3", "n1-n4", "n2-n3", "n2-n4", "n3-n4"].map((link) => `${link} down`)
    assert.isFalse(plan(cuts).after.quorumLost, "far still reaches all")
    assert.isTrue(plan([...cuts, "far-n1 down", "far-n2 down", "far-n3 down"]).after.quorumLost)
  })

  it("links that nobody measured lose no quorum", () => {
    const unknown = {
      ...view,
      distances: view.distances.map((row) =>
        row.map((one) => ({ ...one, basis: "missing" as const, loMillis: 0, hiMillis: Infinity }))
      )
    }
    assert.deepInclude(plan([], unknown).after, {
      quorumLost: false,
      leaderMillis: undefined,
      reason: "insufficientData"
    })
  })

  it("staticPreference plans by its list", () => {
    const listed: PlanPolicy = {
      decide: staticPreference,
      weigh: weighPreference,
      limits: { ...patient, preference: ["n4", "n3"] }
    }
    assert.deepInclude(planGroup(view, [], listed).after, { best: "n4", target: "n4" })
    assert.deepInclude(planGroup(view, assume(["n4 down"]), listed).after, { best: "n3", target: "n3" })
  })

  it("for 200 sets of AWS regions, what is planned is what the policy does once that is so", () => {
    let moves = 0
    for (let start = 0; start < 200; start++) {
      const ids = [0, 1, 2, 3, 4].map((step) => awsRegions[(start * 7 + step * (1 + (start % 4))) % 21] ?? "")
      if (new Set(ids).size < 5) continue
      const from = viewOf(ids, awsRtts(ids), ids[start % 5] ?? "")
      const slower = {
        _tag: "Links",
        from: new Set([ids[1] ?? ""]),
        to: undefined,
        change: { _tag: "Add", millis: 90 }
      } as const
      const planned = planGroup(from, [slower], policy).after
      assert.strictEqual(planned.target, targetOf(first(suppose(from, slower))), ids.join())
      if (planned.target !== undefined) moves += 1
    }
    assert.isAbove(moves, 20)
  })
})
