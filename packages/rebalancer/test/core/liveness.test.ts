import { assert, describe, it } from "vitest"

import { carryHints, forgetLeader, type Liveness, shouldKick } from "../../src/core/liveness.ts"
import { groupIds, type RoutingTable, setLeader, uniformRouting } from "../../src/core/routing.ts"

const table = uniformRouting({ groups: 6, nodes: ["1", "2", "3"], replicationFactor: 2 })
const leaders = (routing: RoutingTable) => groupIds(routing).map((id) => routing.groups.get(id)?.leader)

describe("kick rules", () => {
  it.each<[Liveness | undefined, Liveness, boolean]>([
    [undefined, "alive", true],
    ["dead", "alive", true],
    ["left", "alive", true],
    ["suspect", "alive", false],
    ["alive", "alive", false],
    [undefined, "dead", true],
    ["alive", "dead", true],
    ["suspect", "dead", true],
    ["left", "dead", true],
    [undefined, "left", true],
    ["alive", "left", true],
    ["suspect", "left", true],
    ["dead", "left", true],
    [undefined, "suspect", false],
    ["alive", "suspect", false],
    ["dead", "suspect", false]
  ])("%s to %s kicks: %s", (previous, next, kicks) => {
    assert.strictEqual(shouldKick(previous, next), kicks)
  })
})

describe("liveness hook", () => {
  it.each<Liveness>(["suspect", "dead", "left"])("forgets a %s leader in every group it leads", (state) => {
    const before = leaders(table)
    const after = leaders(forgetLeader(table, "1", state))
    assert.include(before, "1")
    assert.deepStrictEqual(
      after,
      before.map((leader) => (leader === "1" ? undefined : leader))
    )
  })

  it("does nothing for a member that is alive, that leads nothing or that nobody knows", () => {
    assert.strictEqual(forgetLeader(table, "1", "alive"), table)
    assert.strictEqual(forgetLeader(table, "9", "dead"), table)
  })

  it("keeps the members of the group: only the hint goes", () => {
    const group = forgetLeader(table, "1", "dead").groups.get(1)
    assert.deepStrictEqual(group?.members, table.groups.get(1)?.members)
  })
})

describe("leader hints and the store", () => {
  const doubted = forgetLeader(table, "1", "suspect")

  it("outlive a change of the store that has nothing to do with the leader", () => {
    const changed = setLeader(table, 2, "1")
    const carried = carryHints(doubted, table, changed)
    assert.strictEqual(carried.groups.get(1)?.leader, undefined)
    assert.strictEqual(carried.groups.get(2)?.leader, "1")
  })

  it("give way when the store names another leader", () => {
    const elected = setLeader(table, 1, "2")
    assert.strictEqual(carryHints(doubted, table, elected).groups.get(1)?.leader, "2")
  })

  it("follow groups that come and go", () => {
    const more = uniformRouting({ groups: 8, nodes: ["1", "2", "3"], replicationFactor: 2 })
    assert.deepStrictEqual(groupIds(carryHints(doubted, table, more)), groupIds(more))
    assert.deepStrictEqual(groupIds(carryHints(more, more, table)), groupIds(table))
  })
})
