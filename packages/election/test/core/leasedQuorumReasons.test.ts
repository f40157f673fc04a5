import { assert, describe, it } from "@effect/vitest"

import { explainLeasedQuorum } from "../../src/core/leasedQuorumReasons.ts"
import type { LeasedQuorumState } from "../../src/core/leasedQuorumState.ts"
import { present } from "../support/present.ts"
import { LeasedWorld } from "./leasedWorld.ts"

/** Node a, which leads b and c; more texts are in `testdata/leased/explain.txt`. */
const leader = (): readonly [LeasedQuorumState, number] => {
  const world = new LeasedWorld(["a", "b", "c"], () => {})
  for (const id of world.members) world.start(id)
  world.run(3000)
  return [present(world.nodes.get("a")), world.nowMillis]
}

describe("why a leader leads", () => {
  it("says that it leads to the end of its lease, when it lost its majority before that", () => {
    const [state, nowMillis] = leader()
    const impatient = { ...state, timing: { ...state.timing, deadAfterMillis: 1000 } }
    const { leader: who, members, rule } = explainLeasedQuorum(impatient, nowMillis + 1500, 0)
    assert.deepStrictEqual([who, rule], ["a", "waitingForExpiry"])
    assert.deepStrictEqual(
      members.map(({ reason }) => reason),
      ["leads", "dead", "dead"]
    )
  })

  it("says that nobody leads from the moment the lease ends, and keeps the term", () => {
    const [state, nowMillis] = leader()
    const leftMillis = present(explainLeasedQuorum(state, nowMillis, 0).leaseLeftMillis)
    const ended = explainLeasedQuorum(state, nowMillis + leftMillis, 1)
    assert.deepStrictEqual([ended.leader, ended.leaseLeftMillis, ended.term], [undefined, undefined, 1])
    assert.notInclude(
      ended.members.map(({ reason }) => reason),
      "leads"
    )
  })

  it("says that a lone member of a cluster of one is the only candidate", () => {
    const world = new LeasedWorld(["a"], () => {})
    world.start("a")
    world.run(3000)
    const { members, rule } = explainLeasedQuorum(present(world.nodes.get("a")), world.nowMillis, 0)
    assert.strictEqual(rule, "onlyCandidate")
    assert.deepStrictEqual(members, [
      { id: "a", grants: true, reason: "leads", detail: "votes known: 1, needed: 1" }
    ])
  })

  it("says that the vote of a member is on loan to somebody that is no member", () => {
    const world = new LeasedWorld(["a", "b", "c"], () => {})
    for (const id of world.members) world.start(id)
    world.tell("a", { _tag: "Beat" })
    world.deliver()
    for (const from of ["b", "c"]) {
      world.tell("a", {
        _tag: "Received",
        from,
        message: {
          _tag: "Answer",
          kind: "query",
          epoch: 0,
          sentAtMillis: 0,
          verdict: null,
          promised: 3,
          grant: { holder: "stranger", epoch: 3, remainingMillis: 2000, established: true },
          seesQuorum: true,
          willing: true
        }
      })
    }
    const { leader, rule } = explainLeasedQuorum(present(world.nodes.get("a")), world.nowMillis, 0)
    assert.deepStrictEqual([leader, rule], [undefined, "waitingForExpiry"])
  })
})
