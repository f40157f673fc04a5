import * as fc from "fast-check"
import { assert, describe, it } from "vitest"

import { type CountPlan, countPlan } from "../../../src/core/nodedbCompat/countPlan.ts"
import { setLeader, uniformRouting } from "../../../src/core/routing.ts"
import { activeTopology, emptyTopology, setNodeState } from "../../../src/core/topology.ts"

const topologyOf = (nodes: ReadonlyArray<string>) =>
  activeTopology(nodes.map((id) => ({ id, address: `${id}.example:7480` })))
const layout = (groups: number, nodes: ReadonlyArray<string>) =>
  uniformRouting({ groups, nodes, replicationFactor: 1 })
const counted = (plan: CountPlan) => {
  assert.strictEqual(plan._tag, "Counted")
  return plan as Extract<CountPlan, { readonly _tag: "Counted" }>
}

describe("count plan", () => {
  it("2 nodes with 512 shards each and a new node 3: 341 moves to it, 170 from 1 and 171 from 2", () => {
    const { after, before, moves } = counted(countPlan(layout(4, ["1", "2"]), topologyOf(["1", "2", "3"])))
    assert.deepStrictEqual(
      [...before],
      [
        ["1", 512],
        ["2", 512],
        ["3", 0]
      ]
    )
    assert.strictEqual(moves.length, 341)
    assert.isTrue(moves.every(({ target }) => target === "3"))
    assert.strictEqual(moves.filter(({ source }) => source === "1").length, 170)
    assert.strictEqual(moves.filter(({ source }) => source === "2").length, 171)
    assert.deepStrictEqual(
      [...after],
      [
        ["1", 342],
        ["2", 341],
        ["3", 341]
      ]
    )
  })

  it("lets donors give their highest shards first", () => {
    const { moves } = counted(countPlan(layout(4, ["1", "2"]), topologyOf(["1", "2", "3"])))
    assert.deepStrictEqual(moves[0], { shard: 1022, source: "1", target: "3", group: 3 })
    const fromFirst = moves.filter(({ source }) => source === "1").map(({ shard }) => shard)
    assert.deepStrictEqual(
      fromFirst,
      fromFirst.toSorted((a, b) => b - a)
    )
  })

  it("has nothing to do when counts differ by one at most", () => {
    assert.deepStrictEqual(
      counted(countPlan(layout(3, ["1", "2", "3"]), topologyOf(["1", "2", "3"]))).moves,
      []
    )
  })

  it("says so when no node is active", () => {
    const none = setNodeState(topologyOf(["1"]), "1", "draining")
    assert.deepStrictEqual(countPlan(layout(4, ["1"]), none), { _tag: "NoActiveNodes" })
    assert.deepStrictEqual(countPlan(layout(4, ["1"]), emptyTopology), { _tag: "NoActiveNodes" })
  })

  it("leaves shards alone whose leader is not active or not known", () => {
    const draining = setNodeState(topologyOf(["1", "2", "3"]), "2", "draining")
    const routing = setLeader(layout(4, ["1", "2"]), 3, undefined)
    const { before, moves } = counted(countPlan(routing, draining))
    assert.deepStrictEqual(
      [...before],
      [
        ["1", 256],
        ["3", 0]
      ]
    )
    assert.deepStrictEqual(moves, [])
  })

  it("evens out every cluster whose shards all have an active owner, with as few moves as can be", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,4}$/), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 12 }),
        (nodes, groups, owners) => {
          const topology = topologyOf(nodes)
          const plan = counted(countPlan(layout(groups, nodes.slice(0, owners)), topology))
          const counts = [...plan.after.values()]
          assert.isAtMost(Math.max(...counts) - Math.min(...counts), 1)
          assert.strictEqual(
            counts.reduce((sum, count) => sum + count, 0),
            1024
          )
          assert.strictEqual(new Set(plan.moves.map(({ shard }) => shard)).size, plan.moves.length)
          const excess = [...plan.before].map(([node, count]) =>
            Math.max(0, count - (plan.after.get(node) ?? 0))
          )
          assert.strictEqual(
            plan.moves.length,
            excess.reduce((sum, count) => sum + count, 0)
          )
        }
      )
    )
  })
})
