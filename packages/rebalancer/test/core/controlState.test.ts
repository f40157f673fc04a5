import { assert, describe, it } from "vitest"

import { applyMove, type ControlState } from "../../src/core/controlState.ts"
import type { PlannedMove } from "../../src/core/plannedMove.ts"
import { addGroupLearner, reassignShard, setLeader, uniformRouting } from "../../src/core/routing.ts"
import { activeTopology, removeNode, setNodeState } from "../../src/core/topology.ts"

const nodes = ["1", "2", "3"]
const state = (replicationFactor: number): ControlState => ({
  topology: activeTopology(nodes.map((id) => ({ id, address: `10.0.0.${id}:7480` }))),
  routing: uniformRouting({ groups: 6, nodes, replicationFactor })
})
const move: PlannedMove = { shard: 0, source: "1", target: "3", group: 1 }

const applied = (before: ControlState) => {
  const outcome = applyMove(before, move)
  assert.strictEqual(outcome._tag, "Applied")
  return outcome._tag === "Applied" ? outcome.state.routing.groups.get(1) : undefined
}

describe("a move", () => {
  it("puts a target without a replica in the source's place, so that the group keeps its size", () => {
    assert.deepStrictEqual(applied(state(1)), { leader: "3", members: ["3"], learners: [] })
    assert.deepStrictEqual(applied(state(2)), { leader: "3", members: ["2", "3"], learners: [] })
  })

  it("only hands the lead over when the target votes already", () => {
    assert.deepStrictEqual(applied(state(3)), { leader: "3", members: ["1", "2", "3"], learners: [] })
  })

  it("promotes a target that learns already", () => {
    const before = state(1)
    const learning = { ...before, routing: addGroupLearner(before.routing, 1, "3") }
    assert.deepStrictEqual(applied(learning), { leader: "3", members: ["3"], learners: [] })
  })

  it("leaves the topology alone", () => {
    const before = state(1)
    const outcome = applyMove(before, move)
    assert.strictEqual(outcome._tag === "Applied" && outcome.state.topology, before.topology)
  })

  const stale: ReadonlyArray<[string, (before: ControlState) => ControlState, string]> = [
    [
      "its shard has gone to another group",
      (s) => ({ ...s, routing: reassignShard(s.routing, 0, 2) }),
      "shard 0 is served by group 2, not by group 1"
    ],
    [
      "somebody else leads",
      (s) => ({ ...s, routing: setLeader(s.routing, 1, "2") }),
      "group 1 is led by 2, not by 1"
    ],
    [
      "nobody knows who leads",
      (s) => ({ ...s, routing: setLeader(s.routing, 1, undefined) }),
      "group 1 is led by nobody known, not by 1"
    ],
    [
      "its target drains",
      (s) => ({ ...s, topology: setNodeState(s.topology, "3", "draining") }),
      "3 is draining, not active"
    ],
    [
      "its target is gone",
      (s) => ({ ...s, topology: removeNode(s.topology, "3") }),
      "3 is not in the topology, not active"
    ]
  ]
  it.each(stale)("is refused when %s", (_, change, reason) => {
    assert.deepStrictEqual(applyMove(change(state(1)), move), { _tag: "Refused", reason })
  })
})
