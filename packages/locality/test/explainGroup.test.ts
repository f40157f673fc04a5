import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

import { accountOf, type GroupAccount } from "../src/core/groupAccount.ts"
import { weighLatency } from "../src/core/quorumLatency.ts"
import { unguarded } from "../src/core/transferGuards.ts"
import { explainGroup } from "../src/explainGroup.ts"
import { type Decision, GroupExplanation, type LocalityAction, type StayReason } from "../src/index.ts"
import { changeVoter, farIds, farRtts, patient, viewOf } from "./support/quorumViews.ts"

const far = viewOf(farIds, farRtts, "far")
const near = viewOf(farIds, farRtts, "n1")

const stock = (view = far): GroupAccount => accountOf(weighLatency, unguarded, view, patient)

const explained = (action: LocalityAction, account: GroupAccount | null = stock(), agoMillis = 0) => {
  const decision: Decision = {
    group: "db",
    self: "far",
    leader: "far",
    term: 3,
    row: { n1: 256, n2: 256, n3: 256, n4: 256 },
    at: "2026-01-01T00:00:00.000Z",
    mode: "act",
    policy: "quorumLatency",
    action
  }
  return explainGroup({
    decision,
    policy: "quorumLatency",
    account: account ?? undefined,
    decidedAgoMillis: agoMillis,
    rho: 1
  })
}

const stay = (reason: StayReason): LocalityAction => ({ _tag: "Stay", reason })
const waiting = { target: "n1", gainMillis: 236, remainingMillis: 41_000 }
const better = "would gain 236 ms per write at n1; blocked:"

/** Each reason and what is said about it in a group that n1 would lead better. */
const reasons: {
  readonly [Tag in StayReason["_tag"]]: readonly [Extract<StayReason, { _tag: Tag }>, string]
} = {
  notLeader: [{ _tag: "notLeader", leader: "n2" }, `${better} the agent beside n2 decides`],
  electing: [{ _tag: "electing" }, `${better} the group is electing, or a transfer is under way`],
  settling: [{ _tag: "settling", ...waiting }, `${better} settling, 41 s left`],
  singleVoter: [{ _tag: "singleVoter" }, `${better} nobody else votes`],
  voterUnreachable: [
    { _tag: "voterUnreachable", voters: [{ id: "n4", detail: "timed out" }] },
    `${better} no answer from n4`
  ],
  withinThreshold: [
    { _tag: "withinThreshold", nearest: "n1", nearestMillis: 9.96, thresholdMillis: 100 },
    `${better} n1 is 10 ms away, up to 100 ms are near enough`
  ],
  cooldown: [{ _tag: "cooldown", ...waiting, remainingMillis: 599_000 }, `${better} cooldown, 10 min left`],
  paused: [{ _tag: "paused" }, `${better} paused, until an operator resumes it`],
  noSpare: [{ _tag: "noSpare", alive: 3, needed: 4 }, `${better} no voter to spare, 3 alive, 4 needed`],
  noTarget: [
    { _tag: "noTarget", detail: "every other voter is away" },
    `${better} every other voter is away`
  ],
  insufficientData: [
    {
      _tag: "insufficientData",
      links: [
        { from: "n1", to: "n2" },
        { from: "n1", to: "n3", noAgent: true }
      ]
    },
    `${better} not measured yet: n1-n2, n1-n3 (no word from an agent at either end)`
  ],
  staleData: [
    { _tag: "staleData", links: [{ from: "n1", to: "n2" }] },
    `${better} measured too long ago: n1-n2`
  ],
  gainTooSmall: [
    { _tag: "gainTooSmall", best: "n1", gainMillis: 3.24, neededMillis: 12.8 },
    `${better} n1 would gain 3.2 ms, 13 ms are needed`
  ],
  preferred: [{ _tag: "preferred" }, `${better} it is the most preferred voter that may lead`],
  notPersistent: [
    { _tag: "notPersistent", ...waiting, evaluations: 2 },
    `${better} not wanted for long enough, 2 times so far, 41 s left`
  ],
  frozen: [
    { _tag: "frozen", cause: "budget", ...waiting, remainingMillis: 80_000_000 },
    `${better} frozen, moved too often, 23 h left`
  ],
  draining: [
    { _tag: "draining", remainingMillis: 12_000 },
    `${better} draining, after the last attempt, 12 s left`
  ],
  advised: [{ _tag: "advised", target: "n1", gainMillis: 236 }, `${better} the mode is advise`],
  engineError: [
    { _tag: "engineError", operation: "status", kind: "TimedOut", detail: "no answer within 5000 ms" },
    `${better} status failed: no answer within 5000 ms`
  ]
}

describe("a group is explained", () => {
  for (const [tag, [reason, summary]] of Object.entries(reasons)) {
    it(`${tag}: ${summary}`, () => assert.strictEqual(explained(stay(reason)).summary, summary))
  }

  it("nothing is promised where nobody is better, or nothing is known", () => {
    const nobody = { _tag: "gainTooSmall", best: "n1", gainMillis: 0, neededMillis: 5 } as const
    assert.strictEqual(explained(stay(nobody), stock(near)).summary, "stays at far: nobody is better")
    assert.strictEqual(
      explained(stay({ _tag: "paused" }), stock(near)).summary,
      "stays at far: paused, until an operator resumes it"
    )
    const notHere = explained(stay({ _tag: "notLeader", leader: "n2" }), null)
    assert.strictEqual(notHere.summary, "stays at far: the agent beside n2 decides")
    assert.isUndefined(notHere.best)
    assert.deepStrictEqual(notHere.voters[0], { id: "n1", rttMillis: 256 })
  })

  it.each([
    [{ _tag: "moved", term: 4 }, "moved to n1, which gains 236 ms per write"],
    [
      { _tag: "movedElsewhere", leader: "n2" },
      "tried to move to n1, which would gain 236 ms per write: n2 leads instead"
    ],
    [{ _tag: "unchanged" }, "tried to move to n1, which would gain 236 ms per write: the old leader kept it"],
    [{ _tag: "unknown" }, "tried to move to n1, which would gain 236 ms per write: nobody was seen to lead"],
    [
      { _tag: "failed", kind: "TimedOut", detail: "no answer" },
      "tried to move to n1, which would gain 236 ms per write: no answer"
    ]
  ] as const)("outcome %j", (outcome, summary) => {
    const action = { _tag: "Transfer", target: "n1", gainMillis: 236, outcome, tookMillis: 300 } as const
    assert.strictEqual(explained(action).summary, summary)
  })

  it("a step-down that another one won, and a group that a dear transfer froze", () => {
    const outcome = { _tag: "movedElsewhere", leader: "n2" } as const
    const roll = {
      _tag: "Transfer",
      target: "n1",
      gainMillis: 9,
      outcome,
      tookMillis: 3,
      untargeted: true
    } as const
    assert.strictEqual(explained(roll).summary, "let go, hoping for n1: the engine chose n2")
    const dear = { _tag: "frozen", cause: "payback", ...waiting } as const
    assert.include(
      explained(stay(dear)).summary,
      "frozen, the last transfer cost more than it could win back, 41 s"
    )
  })

  it("waits are what is left of them now", () => {
    const { action, decidedAgoMillis, summary } = explained(stay(reasons.settling[0]), stock(), 11_000.4)
    assert.strictEqual(summary, "would gain 236 ms per write at n1; blocked: settling, 30 s left")
    assert.strictEqual(decidedAgoMillis, 11_000)
    assert.deepInclude(action._tag === "Stay" && action.reason, { remainingMillis: 29_999.6 })
    assert.include(explained(stay(reasons.settling[0]), stock(), 60_000).summary, "0 s left")
  })

  it("every voter has its numbers, or the reason why it may not lead", () => {
    const view = changeVoter(changeVoter(far, "n1", { alive: false }), "n2", { ineligible: "draining" })
    const penalized = changeVoter(view, "n3", { penaltyMillis: 7 })
    const { best, gainMillis, neededMillis, voters } = explained(stay({ _tag: "paused" }), stock(penalized))
    const account = voters.map(({ commitMillis, id, obstacle, scoreMillis }) => [
      id,
      commitMillis,
      scoreMillis,
      obstacle
    ])
    assert.deepStrictEqual(account, [
      ["far", 256, 256, undefined],
      ["n1", 20, 20, "away"],
      ["n2", 20, 20, "draining"],
      ["n3", 20, 27, undefined],
      ["n4", 20, 20, undefined]
    ])
    assert.deepStrictEqual([best, gainMillis, neededMillis], ["n4", 236, 12.8])
  })

  it.effect("explanations pass through JSON, unbounded scores included", () =>
    Effect.gen(function* () {
      const codec = Schema.fromJsonString(GroupExplanation)
      const lost = far.voters.reduce((view, { id }) => changeVoter(view, id, { alive: false }), far)
      for (const explanation of [
        explained(stay({ _tag: "paused" })),
        explained(stay({ _tag: "paused" }), stock(lost))
      ]) {
        const decoded = yield* Schema.decodeEffect(codec)(yield* Schema.encodeEffect(codec)(explanation))
        assert.deepStrictEqual(decoded, JSON.parse(JSON.stringify(explanation)))
      }
    })
  )
})
