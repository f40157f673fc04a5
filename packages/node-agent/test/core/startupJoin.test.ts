import { assert, describe, it } from "@effect/vitest"

import { type JoinSight, notJoined, watchJoin } from "../../src/core/startupJoin.ts"

const alone = { hasCompany: false, isJoining: false }

/** Whether a node has joined after each of these rounds, where three quiet ones make a first node. */
const joinedAfter = (sights: ReadonlyArray<Partial<JoinSight>>): ReadonlyArray<boolean> => {
  let state = notJoined
  return sights.map((sight) => {
    state = watchJoin(state, { ...alone, lastJoin: undefined, ...sight }, 3)
    return state.isJoined
  })
}

const quiet = { lastJoin: "no_answer" } as const
const refused = { lastJoin: "refused" } as const

describe("a node that starts has joined", () => {
  it("at once without seeds", () => assert.deepStrictEqual(joinedAfter([{}]), [true]))

  it("when a seed answered, or another member is alive, and stays so", () => {
    const pending = { isJoining: true }
    assert.deepStrictEqual(joinedAfter([pending, { lastJoin: "answered" }, quiet]), [false, true, true])
    assert.deepStrictEqual(joinedAfter([pending, { hasCompany: true }]), [false, true])
  })

  it("as the first node, when nobody answered for a while", () =>
    assert.deepStrictEqual(joinedAfter([quiet, quiet, { ...quiet, isJoining: true }]), [false, false, true]))

  it("not once a seed refused it, however quiet it is afterwards, until somebody lets it in", () => {
    const after = joinedAfter([quiet, refused, quiet, quiet, quiet, quiet, { hasCompany: true }])
    assert.deepStrictEqual(after, [false, false, false, false, false, false, true])
  })

  it("not while another process has its name", () =>
    assert.deepStrictEqual(joinedAfter([{ lastJoin: "name_conflict" }, {}, {}]), [false, false, false]))
})
