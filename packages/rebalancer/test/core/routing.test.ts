import { assert, describe, it } from "vitest"

import {
  addGroupLearner,
  groupIds,
  locateShard,
  promoteGroupLearner,
  reassignShard,
  removeGroupMember,
  type RoutingTable,
  setGroupMembers,
  setLeader,
  shardCount,
  uniformRouting
} from "../../src/core/routing.ts"

const nodes = ["1", "2", "3"]
const sixGroups = uniformRouting({ groups: 6, nodes, replicationFactor: 1 })
const replicated = uniformRouting({ groups: 4, nodes, replicationFactor: 2 })

const membersOf = (table: RoutingTable) => groupIds(table).map((id) => table.groups.get(id)?.members)
const leaderOf = (table: RoutingTable, group: number) => table.groups.get(group)?.leader

describe("uniform layout", () => {
  it("has 1024 shards, dealt to groups 1 to N in turn", () => {
    assert.strictEqual(shardCount, 1024)
    assert.strictEqual(sixGroups.shards.length, 1024)
    assert.deepStrictEqual(sixGroups.shards.slice(0, 8), [1, 2, 3, 4, 5, 6, 1, 2])
    assert.strictEqual(sixGroups.shards[1023], 1 + (1023 % 6))
  })

  it("counts one group more than asked for: group 0 is for metadata and has no shards", () => {
    assert.deepStrictEqual(groupIds(sixGroups), [0, 1, 2, 3, 4, 5, 6])
    assert.notInclude(sixGroups.shards, 0)
  })

  it("places each data group where the one before it ended, and its first member leads", () => {
    assert.deepStrictEqual(membersOf(replicated), [
      ["1", "2"],
      ["1", "2"],
      ["3", "1"],
      ["2", "3"],
      ["1", "2"]
    ])
    for (const group of replicated.groups.values()) assert.strictEqual(group.leader, group.members[0])
  })

  it("never puts two replicas of a group on one node", () => {
    const table = uniformRouting({ groups: 3, nodes: ["1", "2"], replicationFactor: 5 })
    assert.deepStrictEqual(membersOf(table), [
      ["1", "2"],
      ["1", "2"],
      ["2", "1"],
      ["1", "2"]
    ])
  })

  it("maps shards even when there is no node yet: nobody leads", () => {
    const table = uniformRouting({ groups: 2, nodes: [], replicationFactor: 1 })
    assert.deepStrictEqual(locateShard(table, 5), { _tag: "Mapped", group: 2, leader: undefined })
  })

  it("refuses a layout without groups or replicas", () => {
    assert.throws(() => uniformRouting({ groups: 0, nodes, replicationFactor: 1 }), /groups must be/)
    assert.throws(
      () => uniformRouting({ groups: 1, nodes, replicationFactor: 0 }),
      /replicationFactor must be/
    )
  })
})

describe("lookup", () => {
  it("finds the group of a shard and its leader", () => {
    assert.deepStrictEqual(locateShard(sixGroups, 4), { _tag: "Mapped", group: 5, leader: "2" })
  })

  it("finds the group even while its leader is unknown", () => {
    const table = setLeader(sixGroups, 5, undefined)
    assert.deepStrictEqual(locateShard(table, 4), { _tag: "Mapped", group: 5, leader: undefined })
  })

  it.each([1024, -1, 65_536, 0.5, Number.NaN])("says that shard %s is not mapped", (shard) => {
    assert.deepStrictEqual(locateShard(sixGroups, shard), { _tag: "NotMapped", shard })
  })
})

describe("operations", () => {
  it("move a shard, keep every other and raise the version", () => {
    const table = reassignShard(sixGroups, 7, 5)
    assert.strictEqual(table.shards[7], 5)
    assert.strictEqual(table.version, sixGroups.version + 1)
    assert.deepStrictEqual(table.shards.with(7, 2), sixGroups.shards)
    assert.strictEqual(sixGroups.shards[7], 2, "the old table stays as it was")
  })

  it("add a learner that becomes a voter", () => {
    const learning = addGroupLearner(replicated, 1, "3")
    assert.deepStrictEqual(learning.groups.get(1)?.learners, ["3"])
    const voting = promoteGroupLearner(learning, 1, "3")
    assert.deepStrictEqual(voting.groups.get(1), { leader: "1", members: ["1", "2", "3"], learners: [] })
  })

  it("remove a member, and with it the leader hint when it led", () => {
    const table = removeGroupMember(replicated, 1, "1")
    assert.deepStrictEqual(table.groups.get(1), { leader: undefined, members: ["2"], learners: [] })
    assert.strictEqual(leaderOf(removeGroupMember(replicated, 1, "2"), 1), "1")
  })

  it("remove a learner", () => {
    const table = removeGroupMember(addGroupLearner(replicated, 1, "3"), 1, "3")
    assert.deepStrictEqual(table.groups.get(1)?.learners, [])
  })

  it("replace the members of a group and leave its leader hint alone", () => {
    const table = setGroupMembers(replicated, 1, ["3", "2"])
    assert.deepStrictEqual(table.groups.get(1), { leader: "1", members: ["3", "2"], learners: [] })
  })

  it.each<[string, (table: RoutingTable) => RoutingTable]>([
    ["a leader that leads already", (table) => setLeader(table, 1, "1")],
    ["the leader of an unknown group", (table) => setLeader(table, 9, "1")],
    ["a shard that is there already", (table) => reassignShard(table, 0, 1)],
    ["a shard that does not exist", (table) => reassignShard(table, 1024, 1)],
    ["a shard to an unknown group", (table) => reassignShard(table, 0, 9)],
    ["the same members", (table) => setGroupMembers(table, 1, ["1", "2"])],
    ["a member that is none", (table) => removeGroupMember(table, 1, "3")],
    ["a member of an unknown group", (table) => removeGroupMember(table, 9, "1")],
    ["a learner that votes already", (table) => addGroupLearner(table, 1, "2")],
    ["a vote for a node that is no learner", (table) => promoteGroupLearner(table, 1, "3")]
  ])("change nothing, not even the version, for %s", (_, operation) => {
    assert.strictEqual(operation(replicated), replicated)
  })

  it("add a learner only once", () => {
    const learning = addGroupLearner(replicated, 1, "3")
    assert.strictEqual(addGroupLearner(learning, 1, "3"), learning)
  })
})
