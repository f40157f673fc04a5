import { assert, describe, it } from "@effect/vitest"

import type { GroupStatus } from "../../src/ConsensusGroups.ts"
import { judgeAtDeadline, judgeTransfer, refuseTransfer } from "../../src/core/transfer.ts"

const replica = (id: string) => ({ id, address: `${id}:1` })
const status: GroupStatus = {
  group: "g",
  self: "a",
  leader: "a",
  term: 7,
  voters: ["a", "b", "c"].map(replica),
  nonVoters: [replica("r")],
  electing: false
}

const tagOf = (change: Partial<GroupStatus>, target = "b", term?: number) =>
  refuseTransfer({ ...status, ...change }, target, term)?._tag

const judge = (leader: string | undefined, term: number | undefined, electing = false) =>
  judgeTransfer(status, "b", { leader, term, electing })?._tag

describe("refuseTransfer", () => {
  it("lets a leader hand over to another voter, in the term of the decision or in any", () => {
    assert.isUndefined(tagOf({}))
    assert.isUndefined(tagOf({}, "b", 7))
  })
  it("refuses away from the leader, whoever the target is", () => {
    assert.strictEqual(tagOf({ leader: "b" }), "NotLeader")
    assert.strictEqual(tagOf({ leader: undefined, electing: true }), "NotLeader")
    assert.strictEqual(tagOf({ leader: "b" }, "nobody", 1), "NotLeader")
  })
  it("refuses a decision of another term, older or newer, and when the engine reports none", () => {
    for (const term of [6, 8]) assert.strictEqual(tagOf({}, "b", term), "StaleTerm")
    assert.strictEqual(tagOf({ term: undefined }, "b", 7), "StaleTerm")
  })
  it("refuses itself, a replica without a vote, and a stranger, each for its own reason", () => {
    assert.strictEqual(tagOf({}, "a"), "AlreadyLeader")
    assert.strictEqual(tagOf({}, "r"), "NotEligible")
    assert.strictEqual(tagOf({}, "x"), "UnknownTarget")
  })
  it("refuses while the group is between leaders", () => {
    assert.strictEqual(tagOf({ electing: true }), "TransferInProgress")
  })
})

describe("judgeTransfer", () => {
  it("is too early to tell while nobody leads, while electing, and while the term is the old one", () => {
    assert.isUndefined(judge(undefined, 8))
    assert.isUndefined(judge("a", 8, true))
    assert.isUndefined(judge("a", 7))
    assert.isUndefined(judge("b", 7), "a leader cannot change within a term: this view is torn")
  })
  it("tells the target, another one and the old one apart in a newer term", () => {
    assert.strictEqual(judge("b", 8), "Moved")
    assert.strictEqual(judge("c", 8), "MovedElsewhere")
    assert.strictEqual(judge("a", 9), "Unchanged")
  })
  it("goes by the leader alone where the engine reports no term, and then never calls it unchanged early", () => {
    assert.strictEqual(judge("b", undefined), "Moved")
    assert.strictEqual(judge("c", undefined), "MovedElsewhere")
    assert.isUndefined(judge("a", undefined))
  })
})

describe("judgeAtDeadline", () => {
  it("is Unchanged when the old leader still leads, and Unknown otherwise", () => {
    assert.strictEqual(judgeAtDeadline(status, { leader: "a" })._tag, "Unchanged")
    assert.strictEqual(judgeAtDeadline(status, { leader: undefined })._tag, "Unknown")
    assert.strictEqual(judgeAtDeadline(status, undefined)._tag, "Unknown")
  })
})
