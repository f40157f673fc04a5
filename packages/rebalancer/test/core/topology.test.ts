import { assert, describe, it } from "vitest"

import {
  activeTopology,
  currentWireVersion,
  emptyTopology,
  isActive,
  isVoter,
  joinAsLearner,
  type NodeState,
  nodeStateCodes,
  promoteToVoter,
  putNode,
  receivesLog,
  removeNode,
  setNodeState,
  type Topology
} from "../../src/core/topology.ts"

const pair = activeTopology([
  { id: "1", address: "10.0.0.1:7480" },
  { id: "2", address: "10.0.0.2:7480" }
])
const withLearner = joinAsLearner(pair, { id: "3", address: "10.0.0.3:7480" })

describe("node states", () => {
  it("have stable codes", () => {
    assert.deepStrictEqual(nodeStateCodes, {
      joining: 0,
      active: 1,
      draining: 2,
      decommissioned: 3,
      learner: 4
    })
  })

  it.each<[NodeState, boolean, boolean]>([
    ["joining", false, false],
    ["active", true, true],
    ["draining", false, false],
    ["decommissioned", false, false],
    ["learner", false, true]
  ])("%s votes: %s, receives the log: %s", (state, votes, receives) => {
    assert.strictEqual(isVoter(state), votes)
    assert.strictEqual(receivesLog(state), receives)
  })
})

describe("topology", () => {
  it("takes a new node as joining, with no groups and wire version 1", () => {
    const topology = putNode(emptyTopology, { id: "1", address: "10.0.0.1:7480" })
    assert.deepStrictEqual(topology.nodes.get("1"), {
      id: "1",
      address: "10.0.0.1:7480",
      state: "joining",
      groups: [],
      wireVersion: 1
    })
    assert.strictEqual(currentWireVersion, 4)
  })

  it("raises its version with every change", () => {
    assert.strictEqual(emptyTopology.version, 0)
    assert.strictEqual(pair.version, 2)
    assert.strictEqual(withLearner.version, 3)
    assert.strictEqual(setNodeState(pair, "1", "draining").version, 3)
    assert.strictEqual(removeNode(pair, "1").version, 3)
  })

  it("keeps the node that an id belongs to: a second one may not join as a learner under it", () => {
    assert.strictEqual(joinAsLearner(withLearner, { id: "1", address: "10.9.9.9:1" }), withLearner)
    assert.strictEqual(withLearner.nodes.get("3")?.state, "learner")
  })

  it("promotes a learner that has caught up, exactly at the limit too", () => {
    assert.isFalse(isActive(promoteToVoter(withLearner, "3", { lag: 11, lagMax: 10 }), "3"))
    assert.isTrue(isActive(promoteToVoter(withLearner, "3", { lag: 10, lagMax: 10 }), "3"))
  })

  it.each<[string, (topology: Topology) => Topology]>([
    ["promoting a node that is no learner", (t) => promoteToVoter(t, "1", { lag: 0, lagMax: 10 })],
    ["promoting a stranger", (t) => promoteToVoter(t, "9", { lag: 0, lagMax: 10 })],
    ["a state that the node is in already", (t) => setNodeState(t, "1", "active")],
    ["a state of a stranger", (t) => setNodeState(t, "9", "active")],
    ["removing a stranger", (t) => removeNode(t, "9")]
  ])("changes nothing for %s", (_, operation) => {
    assert.strictEqual(operation(withLearner), withLearner)
  })

  it("takes ids that are names of object properties for what they are", () => {
    const topology = putNode(emptyTopology, { id: "__proto__", address: "10.0.0.1:1", state: "active" })
    assert.isTrue(isActive(topology, "__proto__"))
    assert.isFalse(isActive(topology, "constructor"))
  })
})
