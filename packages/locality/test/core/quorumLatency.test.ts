import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { nearestPeer } from "../../src/core/nearestPeer.ts"
import { commitCost, kthSmallest, scoreOf } from "../../src/core/quorumCost.ts"
import { quorumLatency } from "../../src/core/quorumLatency.ts"
import { measuredDistance, type QuorumView } from "../../src/core/QuorumView.ts"
import { recordAttempt, unguarded } from "../../src/core/transferGuards.ts"
import {
  awsRegions,
  awsRtts,
  changeVoter,
  eager,
  farIds,
  farRtts,
  first,
  patient,
  reasonOf,
  type Rtts,
  targetOf,
  viewOf,
  watch
} from "../support/quorumViews.ts"

const costUnder = (ids: ReadonlyArray<string>, rtts: Rtts, leader: string): number =>
  commitCost(viewOf(ids, rtts, leader), ids.indexOf(leader), { bound: "hiMillis", outlook: "now" })

const nearestTarget = (ids: ReadonlyArray<string>, rtts: Rtts, leader: string): string | undefined => {
  const row = rtts[ids.indexOf(leader)] ?? []
  const verdict = nearestPeer({
    self: leader,
    leader,
    rowMillis: new Map(ids.flatMap((id, index) => (id === leader ? [] : [[id, row[index] ?? 0]]))),
    unreachable: [],
    cooldownRemainingMillis: 0,
    rttThresholdMillis: 100
  })
  return verdict._tag === "Transfer" ? verdict.target : undefined
}

describe("quorumLatency where nearestPeer fails: groups of AWS regions", () => {
  it("a leader with one near neighbour and a far quorum stayed at 280 ms; now 23 ms", () => {
    const ids = ["ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-north-1", "eu-west-3"]
    const rtts = awsRtts(ids)
    assert.isUndefined(nearestTarget(ids, rtts, "ap-southeast-2"))
    assert.closeTo(costUnder(ids, rtts, "ap-southeast-2"), 280.4, 0.1)
    assert.strictEqual(targetOf(first(viewOf(ids, rtts, "ap-southeast-2"))), "eu-central-1")
    assert.closeTo(costUnder(ids, rtts, "eu-central-1"), 23.3, 0.1)
  })
  it("two lone regions rotated at 370 and 244 ms; now 31 ms, for good", () => {
    const ids = ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "af-south-1", "eu-north-1"]
    const rtts = awsRtts(ids)
    assert.strictEqual(nearestTarget(ids, rtts, "af-south-1"), "eu-north-1")
    assert.strictEqual(nearestTarget(ids, rtts, "eu-north-1"), "af-south-1")
    for (const lone of ["af-south-1", "eu-north-1"]) {
      const target = targetOf(first(viewOf(ids, rtts, lone))) ?? ""
      assert.closeTo(costUnder(ids, rtts, target), 31.4, 0.1)
      assert.strictEqual(reasonOf(first(viewOf(ids, rtts, target)))?._tag, "gainTooSmall")
    }
  })
  it("a transfer made it worse, 152 to 280 ms; now it never does", () => {
    const ids = [
      "ap-southeast-1",
      "ap-southeast-2",
      "eu-central-1",
      "eu-north-1",
      "eu-west-3",
      "sa-east-1",
      "us-west-1"
    ]
    const rtts = awsRtts(ids)
    const worse = ids.find(
      (id) => costUnder(ids, rtts, nearestTarget(ids, rtts, id) ?? id) > costUnder(ids, rtts, id)
    )
    assert.isDefined(worse)
    assert.closeTo(costUnder(ids, rtts, worse), 151.8, 0.1)
    const target = targetOf(first(viewOf(ids, rtts, worse))) ?? worse
    assert.isAtMost(costUnder(ids, rtts, target), costUnder(ids, rtts, worse))
  })
  it("every three regions from every start: within 1 % of the best leader on average, in at most one transfer", () => {
    let [found, best] = [0, 0]
    for (const [a, one] of awsRegions.entries()) {
      for (const [b, other] of awsRegions.slice(0, a).entries()) {
        for (const third of awsRegions.slice(0, b)) {
          const ids = [one, other, third]
          const rtts = awsRtts(ids)
          const costs = ids.map((id) => costUnder(ids, rtts, id))
          for (const start of ids) {
            const leader = targetOf(first(viewOf(ids, rtts, start))) ?? start
            assert.strictEqual(reasonOf(first(viewOf(ids, rtts, leader)))?._tag, "gainTooSmall", ids.join())
            found += costs[ids.indexOf(leader)] ?? Number.NaN
            best += Math.min(...costs)
          }
        }
      }
    }
    assert.isAtMost(found / best, 1.01)
  })
  it("three mutually distant voters rotated for ever; now at most one transfer", () => {
    const ids = ["a", "b", "c"]
    const rtts = [
      [0, 160, 370],
      [160, 0, 260],
      [370, 260, 0]
    ]
    assert.deepStrictEqual(
      ids.map((leader) => targetOf(first(viewOf(ids, rtts, leader)))),
      [undefined, undefined, "b"]
    )
  })
  it("the lone far leader of the headline: 256 ms become 20 ms in one transfer", () => {
    const view = viewOf(farIds, farRtts, "far")
    assert.deepStrictEqual(first(view), {
      _tag: "Transfer",
      target: "n1",
      gainMillis: 236,
      evacuation: false
    })
    assert.deepInclude(reasonOf(first(viewOf(farIds, farRtts, "n1"))), { _tag: "gainTooSmall", best: "n1" })
  })
})

const at = (view: QuorumView, nowMillis: number): QuorumView => ({ ...view, nowMillis })

/** A leader that far from two neighbours. */
const apart = (millis: number, errorMillis = 0): QuorumView =>
  viewOf(
    ["a", "b", "c"],
    [
      [0, millis, millis],
      [millis, 0, 20],
      [millis, 20, 0]
    ],
    "a",
    { errorMillis }
  )

describe("quorumLatency: every no has its reason", () => {
  const far = viewOf(farIds, farRtts, "far")

  it("notLeader, electing, paused, singleVoter", () => {
    assert.deepStrictEqual(reasonOf(first({ ...far, self: "n1" })), { _tag: "notLeader", leader: "far" })
    assert.deepStrictEqual(reasonOf(first({ ...far, electing: true })), { _tag: "electing" })
    assert.deepStrictEqual(reasonOf(first({ ...far, leader: undefined })), { _tag: "electing" })
    assert.deepStrictEqual(reasonOf(first({ ...far, paused: true })), { _tag: "paused" })
    assert.deepStrictEqual(reasonOf(first(viewOf(["a"], [[0]], "a"))), { _tag: "singleVoter" })
  })
  it("noSpare: one voter of five may be away, not two", () => {
    const four = changeVoter(far, "n4", { alive: false })
    assert.strictEqual(targetOf(first(four)), "n1")
    const three = changeVoter(four, "n3", { alive: false })
    assert.deepStrictEqual(reasonOf(first(three)), { _tag: "noSpare", alive: 3, needed: 4 })
  })
  it("two voters have no spare, and distance alone never moves them", () => {
    const pair = viewOf(
      ["a", "b"],
      [
        [0, 300],
        [300, 0]
      ],
      "a"
    )
    assert.deepInclude(reasonOf(first(pair)), { _tag: "gainTooSmall", gainMillis: 0 })
    assert.strictEqual(reasonOf(first(changeVoter(pair, "b", { alive: false })))?._tag, "noSpare")
  })
  it("voterUnreachable: only when every voter must answer", () => {
    const four = changeVoter(far, "n4", { alive: false })
    assert.deepStrictEqual(reasonOf(first(four, { ...eager, strictAllReachable: true })), {
      _tag: "voterUnreachable",
      voters: [{ id: "n4", detail: "does not answer" }]
    })
  })
  it("noTarget: nobody else may lead, or the engine takes no target", () => {
    let view = far
    for (const id of farIds.slice(1)) view = changeVoter(view, id, { ineligible: "excluded" })
    assert.strictEqual(reasonOf(first(view))?._tag, "noTarget")
    assert.strictEqual(reasonOf(first({ ...far, targeted: false }))?._tag, "noTarget")
    assert.strictEqual(reasonOf(first({ ...far, self: "gone", leader: "gone" }))?._tag, "noTarget")
  })
  it("insufficientData: names the links that must be measured", () => {
    const unknown = { ...measuredDistance(0), hiMillis: Number.POSITIVE_INFINITY, basis: "missing" as const }
    const ownRowOnly = far.distances.map((row, a) =>
      row.map((distance, b) => (a === 0 || b === 0 || a === b ? distance : unknown))
    )
    assert.deepStrictEqual(reasonOf(first({ ...far, distances: ownRowOnly })), {
      _tag: "insufficientData",
      links: [
        { from: "n1", to: "n2" },
        { from: "n1", to: "n3" },
        { from: "n1", to: "n4" },
        { from: "n2", to: "n3" },
        { from: "n2", to: "n4" },
        { from: "n3", to: "n4" }
      ]
    })
  })
  it("insufficientData: a better target might be among those that nobody measured, so the second best must wait", () => {
    const estimate = { ...measuredDistance(0), loMillis: 1, hiMillis: 40, basis: "missing" as const }
    const distances = far.distances.map((row, a) =>
      row.map((distance, b) => (a !== b && a >= 3 && b >= 3 ? estimate : distance))
    )
    const close = distances.map((row, a) =>
      row.map((distance, b) => (Math.min(a, b) === 2 && Math.max(a, b) > 2 ? measuredDistance(1) : distance))
    )
    assert.deepStrictEqual(
      reasonOf(first({ ...far, distances: close })),
      undefined,
      "n2 has its quorum at 1 ms"
    )
    const both = distances.map((row, a) =>
      row.map((distance, b) => (a !== b && a >= 1 && b >= 3 ? estimate : distance))
    )
    assert.strictEqual(reasonOf(first({ ...far, distances: both }))?._tag, "insufficientData")
    assert.isDefined(targetOf(first({ ...far, distances: both }, { ...eager, allowEstimated: true })))
  })
  it("staleData: what was known once is no longer good enough", () => {
    const stale = far.distances.map((row) =>
      row.map((distance) => ({ ...distance, basis: "stale" as const }))
    )
    assert.strictEqual(reasonOf(first({ ...far, distances: stale }))?._tag, "staleData")
  })
  it("gainTooSmall: less than 5 ms, less than the ratio, or less than what errors could feign", () => {
    assert.deepStrictEqual(reasonOf(first(apart(24))), {
      _tag: "gainTooSmall",
      best: "b",
      gainMillis: 4,
      neededMillis: 5
    })
    assert.strictEqual(targetOf(first(apart(25))), "b")
    assert.deepInclude(reasonOf(first(apart(40), { ...eager, gainRatio: 0.6 })), { neededMillis: 24 })
    assert.deepInclude(reasonOf(first(apart(40, 5))), {
      _tag: "gainTooSmall",
      gainMillis: 20,
      neededMillis: 21.5
    })
  })
  it("gainTooSmall: what looks good only while a voter is away would be undone", () => {
    // c is a's neighbour; while it is away, b looks like the better leader.
    const ids = ["a", "b", "c", "d", "e"]
    const rtts = [
      [0, 60, 10, 100, 10],
      [60, 0, 60, 30, 30],
      [10, 60, 0, 100, 100],
      [100, 30, 100, 0, 100],
      [10, 30, 100, 100, 0]
    ]
    const view = changeVoter(viewOf(ids, rtts, "a"), "c", { alive: false })
    const score = (voter: number, outlook: "now" | "healed") =>
      scoreOf(view, voter, 1, { bound: "hiMillis", outlook })
    assert.isAbove(score(0, "now"), score(1, "now") + 5)
    assert.isBelow(score(0, "healed"), score(1, "healed"))
    assert.deepInclude(reasonOf(first(view)), { _tag: "gainTooSmall", best: "b", gainMillis: -20 })
  })
  it("notPersistent, then settling is over, then it goes: three looks and a minute", () => {
    const { verdicts } = watch([0, 20_000, 40_000, 59_999, 60_000].map((now) => at(far, now)))
    assert.deepStrictEqual(
      verdicts.map((verdict) => reasonOf(verdict)?._tag ?? verdict._tag),
      ["settling", "settling", "settling", "settling", "Transfer"]
    )
    const { verdicts: impatient } = watch(
      [0, 1].map((now) => at(far, now)),
      { ...eager, persistenceRounds: 3 }
    )
    assert.deepStrictEqual(
      impatient.map((verdict) => reasonOf(verdict)),
      [1, 2].map((evaluations) => ({
        _tag: "notPersistent" as const,
        evaluations,
        target: "n1",
        gainMillis: 236,
        remainingMillis: 0
      }))
    )
  })
  it("settling: a new term begins the wait anew", () => {
    const { verdicts } = watch([
      at(far, 0),
      { ...at(far, 59_000), term: 2 },
      { ...at(far, 118_999), term: 2 }
    ])
    assert.deepInclude(reasonOf(verdicts[2] ?? first(far)), { _tag: "settling", remainingMillis: 1 })
  })
  it("cooldown: after an attempt by any agent, and after too many of this one", () => {
    const attempt = { from: "n1", to: "far", term: 0, atMillis: -1000, voluntary: true }
    const cooling = recordAttempt(unguarded, attempt, 0)
    const limits = { ...eager, cooldownMillis: 600_000 }
    assert.deepInclude(reasonOf(watch([far], limits, cooling).verdicts[0] ?? first(far)), {
      _tag: "cooldown",
      target: "n1",
      remainingMillis: 599_000
    })
    assert.deepInclude(reasonOf(first({ ...far, agentRestMillis: 5 })), {
      _tag: "cooldown",
      remainingMillis: 5
    })
  })
  it("frozen: the fourth voluntary attempt in a day waits for the first one to be a day old", () => {
    let state = unguarded
    for (const hour of [1, 2, 3]) {
      state = recordAttempt(
        state,
        { from: "n1", to: "far", term: hour, atMillis: hour * 3_600_000, voluntary: true },
        hour * 3_600_000
      )
    }
    const limits = { ...eager, attemptsPerDay: 3 }
    const soon = watch([at(far, 4 * 3_600_000)], limits, state).verdicts[0]
    assert.deepInclude(soon && reasonOf(soon), { _tag: "frozen", remainingMillis: 21 * 3_600_000 })
    const later = watch([at(far, 25 * 3_600_000)], limits, state).verdicts[0]
    assert.strictEqual(later && targetOf(later), "n1")
  })
  it("draining: evacuates at once to the best, at most every 30 s, and says when nobody can take over", () => {
    const draining = { ...viewOf(farIds, farRtts, "n1"), draining: true }
    assert.deepStrictEqual(first(draining, patient), {
      _tag: "Transfer",
      target: "n2",
      gainMillis: 0,
      evacuation: true
    })
    const attempt = { from: "n1", to: "n2", term: 1, atMillis: 0, voluntary: false }
    const state = recordAttempt(unguarded, attempt, 0)
    assert.deepStrictEqual(reasonOf(quorumLatency(state, at(draining, 29_000), patient)[1]), {
      _tag: "draining",
      remainingMillis: 1000
    })
    let alone: QuorumView = draining
    for (const id of ["far", "n2", "n3", "n4"]) alone = changeVoter(alone, id, { ineligible: "draining" })
    assert.strictEqual(reasonOf(first(alone, patient))?._tag, "noTarget")
  })
})

describe("quorumLatency: what else counts", () => {
  it("clients pull the leader to them when their way costs more than the quorum's", () => {
    const near = viewOf(farIds, farRtts, "n1")
    const fromFar = { share: 1, distances: (farRtts[0] ?? []).map((millis) => measuredDistance(millis)) }
    // Under n1 a request from far takes 256 + 20; under far 0 + 256: the whole gain is one quorum of the neighbours.
    assert.deepInclude(first({ ...near, origins: [fromFar] }), {
      _tag: "Transfer",
      target: "far",
      gainMillis: 20
    })
    const fromHere = { share: 1, distances: (farRtts[1] ?? []).map((millis) => measuredDistance(millis)) }
    assert.deepInclude(reasonOf(first({ ...near, origins: [fromHere] })), {
      _tag: "gainTooSmall",
      best: "n1"
    })
  })
  it("a slow log and a penalty count like distance", () => {
    const near = viewOf(farIds, farRtts, "n1")
    assert.strictEqual(targetOf(first(changeVoter(near, "n1", { appendMillis: 60 }))), "n2")
    assert.strictEqual(targetOf(first(changeVoter(near, "n1", { penaltyMillis: 60 }))), "n2")
  })
  it("an engine that rolls dice is used when the average gains", () => {
    const far = { ...viewOf(farIds, farRtts, "far"), targeted: false }
    const limits = { ...eager, allowUntargeted: true }
    assert.deepInclude(first(far, limits), { _tag: "Transfer", gainMillis: 236 })
    // Of the four others only one is better by much: the average is not worth a roll.
    const ids = ["a", "b", "c", "d", "e"]
    const rtts = ids.map((from) => ids.map((to) => (from === to ? 0 : from === "b" || to === "b" ? 20 : 100)))
    assert.strictEqual(targetOf(first(viewOf(ids, rtts, "a"))), "b")
    const rolled = { ...viewOf(ids, rtts, "a"), targeted: false }
    assert.strictEqual(reasonOf(first(rolled, { ...limits, gainRatio: 0.3 }))?._tag, "gainTooSmall")
  })
  it("the average counts whom the engine may choose, and three rolls a day are enough", () => {
    const limits = { ...eager, allowUntargeted: true }
    const far = { ...viewOf(farIds, farRtts, "far"), targeted: false, nowMillis: 1000 }
    assert.deepInclude(
      first(changeVoter(far, "n1", { penaltyMillis: 400, ineligible: "draining" }), limits),
      {
        _tag: "Transfer",
        target: "n2",
        gainMillis: 136,
        untargeted: true
      }
    )
    let state = unguarded
    for (const atMillis of [1, 2, 3]) {
      assert.strictEqual(quorumLatency(state, far, limits)[1]._tag, "Transfer")
      state = recordAttempt(
        state,
        { from: "far", to: "n1", term: atMillis, atMillis, voluntary: true },
        atMillis
      )
    }
    assert.deepInclude(reasonOf(quorumLatency(state, far, limits)[1]), { _tag: "frozen", cause: "budget" })
    assert.strictEqual(quorumLatency(state, { ...far, targeted: true }, limits)[1]._tag, "Transfer")
  })
  it("a draining leader lets go without a target only where that is allowed", () => {
    const leaving = { ...viewOf(farIds, farRtts, "n1"), targeted: false, draining: true }
    assert.deepInclude(reasonOf(first(leaving)), { _tag: "noTarget" })
    assert.deepInclude(first(leaving, { ...eager, allowUntargeted: true }), {
      _tag: "Transfer",
      evacuation: true,
      untargeted: true
    })
  })
  it("noise between equals does not make the wish fickle", () => {
    const noisy = Array.from({ length: 12 }, (_, look) =>
      viewOf(
        farIds,
        farRtts.map((row, a) =>
          row.map((millis, b) => millis * (1 + 0.01 * Math.sin(7 * look + 3 * (a + b))))
        ),
        "far",
        { nowMillis: look * 30_000 }
      )
    )
    const targets = watch(noisy).verdicts.map((verdict) => targetOf(verdict))
    assert.isDefined(targets.find((target) => target !== undefined))
  })
  it("property: the verdict does not depend on the order of the voters", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }).chain((size) =>
          fc.tuple(
            fc.array(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: size, maxLength: size }), {
              minLength: size,
              maxLength: size
            }),
            fc.shuffledSubarray(
              Array.from({ length: size }, (_, index) => index),
              { minLength: size }
            )
          )
        ),
        ([raw, order]) => {
          const ids = raw.map((_, index) => `n${index}`)
          const rtts = raw.map((_, a) =>
            raw.map((__, b) => (a === b ? 0 : (raw[Math.min(a, b)]?.[Math.max(a, b)] ?? 0)))
          )
          const shuffled = order.map((a) => order.map((b) => rtts[a]?.[b] ?? 0))
          const straight = first(viewOf(ids, rtts, "n0"))
          assert.deepStrictEqual(
            first(
              viewOf(
                order.map((index) => `n${index}`),
                shuffled,
                "n0"
              )
            ),
            straight
          )
        }
      )
    )
  })
  it("kthSmallest counts from one and knows when there are too few", () => {
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4].map((k) => kthSmallest([30, 10, 20], k)),
      [0, 10, 20, 30, Number.POSITIVE_INFINITY]
    )
  })
})
