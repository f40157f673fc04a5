import * as fc from "fast-check"
import { assert, describe, it } from "vitest"

import type { LoadRecord } from "../../../src/core/nodedbCompat/load.ts"
import { type LoadPlan, loadPlan, type LoadPlanOptions } from "../../../src/core/nodedbCompat/loadPlan.ts"
import type { PlannedMove } from "../../../src/core/plannedMove.ts"
import { type RoutingTable, setLeader, shardCount, uniformRouting } from "../../../src/core/routing.ts"
import { activeTopology, type NodeState, setNodeState } from "../../../src/core/topology.ts"
import { busy, defaultWeights, load } from "../../support/loads.ts"

const defaults: LoadPlanOptions = {
  imbalanceThresholdPercent: 20,
  maxMovesPerGroup: 1,
  maxMovesTotal: 10,
  weights: defaultWeights
}
const trio = ["1", "2", "3"]
const topologyOf = (nodes: ReadonlyArray<string>) =>
  activeTopology(nodes.map((id) => ({ id, address: `${id}.example:7480` })))
const layout = (groups: number, nodes = trio) => uniformRouting({ groups, nodes, replicationFactor: 1 })
const ledBy = (routing: RoutingTable, leader: string, groups: ReadonlyArray<number>) =>
  groups.reduce((table, group) => setLeader(table, group, leader), routing)

const veryHot = busy("1", [200, 1000, 500, 500])
const oneHot = [veryHot, busy("2", [10, 50, 25, 25]), busy("3", [10, 50, 25, 25])]

const plan = (
  records: ReadonlyArray<LoadRecord>,
  routing = layout(6),
  options = {},
  nodes = trio
): LoadPlan => loadPlan({ records, routing, topology: topologyOf(nodes) }, { ...defaults, ...options })

const movesOf = (planned: LoadPlan): ReadonlyArray<PlannedMove> =>
  planned._tag === "Planned" ? planned.moves : []
const reasonOf = (planned: LoadPlan) => (planned._tag === "NoPlan" ? planned.reason._tag : undefined)

describe("golden plans", () => {
  it("scores 2200, 110, 110: one move for each group that the hot node leads, targets in turn", () => {
    const planned = plan(oneHot)
    assert.deepStrictEqual(planned.scores, [
      { node: "2", score: 110 },
      { node: "3", score: 110 },
      { node: "1", score: 2200 }
    ])
    assert.deepStrictEqual(movesOf(planned), [
      { shard: 0, source: "1", target: "2", group: 1 },
      { shard: 3, source: "1", target: "3", group: 4 }
    ])
  })

  it("node 1 leads groups 0 to 5, node 3 keeps group 6: groups 1 to 5 move, 2 and 3 in turn", () => {
    assert.deepStrictEqual(movesOf(plan(oneHot, ledBy(layout(6), "1", [0, 1, 2, 3, 4, 5]))), [
      { shard: 0, source: "1", target: "2", group: 1 },
      { shard: 1, source: "1", target: "3", group: 2 },
      { shard: 2, source: "1", target: "2", group: 3 },
      { shard: 3, source: "1", target: "3", group: 4 },
      { shard: 4, source: "1", target: "2", group: 5 }
    ])
  })

  it("the older layout, where group 0 has shards too: six moves, shards 0 to 5", () => {
    const older: RoutingTable = {
      version: 1,
      groups: new Map(
        Array.from({ length: 6 }, (_, id) => [id, { leader: "1", members: ["1"], learners: [] }])
      ),
      shards: Array.from({ length: shardCount }, (_, shard) => shard % 6)
    }
    const moves = movesOf(plan(oneHot, older))
    assert.deepStrictEqual(
      moves.map(({ shard }) => shard),
      [0, 1, 2, 3, 4, 5]
    )
    assert.deepStrictEqual(
      moves.map(({ target }) => target),
      ["2", "3", "2", "3", "2", "3"]
    )
  })

  it("20 groups and a total of 4: exactly 4 moves", () => {
    const moves = movesOf(plan(oneHot.slice(0, 2), layout(20, ["1", "2"]), { maxMovesTotal: 4 }, ["1", "2"]))
    assert.strictEqual(moves.length, 4)
  })

  it("3 groups and a total of 99: at most one move per group", () => {
    const moves = movesOf(plan(oneHot, ledBy(layout(3), "1", [1, 2, 3]), { maxMovesTotal: 99 }))
    assert.deepStrictEqual(
      moves.map(({ group }) => group),
      [1, 2, 3]
    )
  })

  it("a draining node is never a target, however idle", () => {
    const topology = setNodeState(topologyOf(trio), "3", "draining")
    const records = [veryHot, busy("2", [10, 50, 25, 25]), load("3")]
    const routing = ledBy(layout(6), "1", [1, 2, 3, 4, 5, 6])
    const moves = movesOf(loadPlan({ records, routing, topology }, defaults))
    assert.strictEqual(moves.length, 6)
    for (const { target } of moves) assert.strictEqual(target, "2")
  })

  it("balanced, idle, or fewer than two records: no moves, and why", () => {
    const even = trio.map((node) => busy(node, [10, 50, 25, 25]))
    assert.strictEqual(reasonOf(plan(even)), "balanced")
    assert.strictEqual(reasonOf(plan(trio.map((node) => load(node)))), "idle")
    assert.strictEqual(reasonOf(plan([])), "tooFewNodes")
    assert.strictEqual(reasonOf(plan([veryHot])), "tooFewNodes")
  })
})

const scored = (node: string, score: number) => load(node, { queriesPerSecond: score })

describe("rules", () => {
  it("trigger only when the spread is above the threshold, not at it", () => {
    // The mean is 100, so 20 % allow a spread of 20.
    assert.strictEqual(reasonOf(plan([scored("1", 110), scored("2", 90)])), "balanced")
    assert.strictEqual(movesOf(plan([scored("1", 110.01), scored("2", 89.99)])).length > 0, true)
  })

  it("leave a node exactly at the mean alone: neither source nor target", () => {
    const routing = ledBy(layout(4), "2", [2, 3])
    const moves = movesOf(
      plan([scored("1", 200), scored("2", 100), scored("3", 0)], ledBy(routing, "1", [1, 4]))
    )
    assert.deepStrictEqual(moves, [
      { shard: 0, source: "1", target: "3", group: 1 },
      { shard: 3, source: "1", target: "3", group: 4 }
    ])
  })

  it("take the hottest first and, among equals, the higher id; among cold equals the lower id", () => {
    const records = [scored("1", 300), scored("2", 300), scored("3", 0), scored("4", 0)]
    const nodes = ["1", "2", "3", "4"]
    const moves = movesOf(plan(records, layout(4, nodes), {}, nodes))
    assert.deepStrictEqual(
      moves.map(({ source, target }) => [source, target]),
      [
        ["2", "3"],
        ["1", "4"]
      ]
    )
  })

  it("never relieve a hot node that drains (a known limit)", () => {
    const topology = setNodeState(topologyOf(trio), "1", "draining")
    const planned = loadPlan({ records: oneHot, routing: layout(6), topology }, defaults)
    assert.strictEqual(reasonOf(planned), "nothingToMove")
  })

  it.each<NodeState>(["joining", "draining", "decommissioned", "learner"])(
    "find no target when every cold node is %s",
    (state) => {
      const topology = setNodeState(setNodeState(topologyOf(trio), "2", state), "3", state)
      const planned = loadPlan({ records: oneHot, routing: layout(6), topology }, defaults)
      assert.strictEqual(reasonOf(planned), "noEligibleTarget")
    }
  )

  it("never move a group without shards: metadata group 0 stays", () => {
    const planned = plan(oneHot, ledBy(ledBy(layout(6), "2", [1, 2, 3, 4, 5, 6]), "1", [0]))
    assert.strictEqual(reasonOf(planned), "nothingToMove")
  })

  it("never move a group whose leader is unknown", () => {
    const planned = plan(oneHot, setLeader(setLeader(layout(6), 1, undefined), 4, undefined))
    assert.strictEqual(reasonOf(planned), "nothingToMove")
  })

  it("move nothing when a cap is 0", () => {
    assert.strictEqual(reasonOf(plan(oneHot, layout(6), { maxMovesTotal: 0 })), "nothingToMove")
    assert.strictEqual(reasonOf(plan(oneHot, layout(6), { maxMovesPerGroup: 0 })), "nothingToMove")
  })

  it("move a group once per hot node at most, whatever the cap per group", () => {
    assert.strictEqual(movesOf(plan(oneHot, layout(6), { maxMovesPerGroup: 99 })).length, 2)
  })

  it("skip a target that is the source itself, and do not pass its turn on", () => {
    const twice = [scored("1", 1000), scored("1", 0), scored("2", 10)]
    assert.strictEqual(reasonOf(plan(twice)), "nothingToMove")
  })
})

const nodeIds = ["1", "2", "3", "4", "5", "6"]
const quantity = fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: 1e9, noNaN: true }))
const anyRecord = (node: string) =>
  fc
    .record({
      shardsLed: fc.nat({ max: 1024 }),
      bytesStored: fc.nat(),
      writesPerSecond: quantity,
      readsPerSecond: quantity,
      queriesPerSecond: quantity,
      p95LatencyMicros: fc.nat(),
      cpuUtilization: fc.double({ min: 0, max: 1, noNaN: true })
    })
    .map((fields) => load(node, fields))
/** Equal scores are common: idle nodes, and nodes of one kind. */
const record = (node: string) =>
  fc.oneof(
    anyRecord(node),
    fc.constantFrom(load(node), busy(node, [10, 50, 25, 25]), busy(node, [200, 1000, 500, 500]))
  )
const states = fc.constantFrom<NodeState>("active", "active", "active", "draining", "joining")
const cluster = fc.record({
  records: fc.tuple(...nodeIds.map(record)),
  groups: fc.integer({ min: 1, max: 40 }),
  states: fc.tuple(...nodeIds.map(() => states)),
  options: fc.record({
    imbalanceThresholdPercent: fc.nat({ max: 255 }),
    maxMovesPerGroup: fc.nat({ max: 3 }),
    maxMovesTotal: fc.nat({ max: 30 })
  })
})
type Cluster = typeof cluster extends fc.Arbitrary<infer A> ? A : never
const viewOf = ({ groups, states: nodeStates }: Cluster) => ({
  routing: layout(groups, nodeIds),
  topology: activeTopology(
    nodeIds.map((id, index) => ({ id, address: `${id}.example:7480`, state: nodeStates[index] ?? "active" }))
  )
})

describe("for every cluster", () => {
  it("the plan does not depend on the order of records, nodes or groups", () => {
    fc.assert(
      fc.property(
        cluster.chain((world) =>
          fc.tuple(
            fc.constant(world),
            fc.shuffledSubarray([...world.records], { minLength: 6 }),
            fc.shuffledSubarray(nodeIds, { minLength: 6 }),
            fc.shuffledSubarray([...viewOf(world).routing.groups], { minLength: world.groups + 1 })
          )
        ),
        ([world, records, ids, groups]) => {
          const { routing, topology } = viewOf(world)
          const options = { ...defaults, ...world.options }
          const shuffled = {
            records,
            routing: { ...routing, groups: new Map(groups) },
            topology: {
              ...topology,
              nodes: new Map(
                ids.flatMap((id) => {
                  const node = topology.nodes.get(id)
                  return node === undefined ? [] : [[id, node] as const]
                })
              )
            }
          }
          const before = structuredClone(shuffled)
          const planned = loadPlan(shuffled, options)
          assert.deepStrictEqual(planned, loadPlan({ records: world.records, routing, topology }, options))
          assert.deepStrictEqual(loadPlan(shuffled, options), planned, "the same input gives the same plan")
          assert.deepStrictEqual(shuffled, before, "planning changes nothing")
        }
      )
    )
  })

  it("caps hold, and every move takes the lowest shard of a group from its active leader to an active node", () => {
    fc.assert(
      fc.property(cluster, (world) => {
        const { routing, topology } = viewOf(world)
        const planned = loadPlan(
          { records: world.records, routing, topology },
          { ...defaults, ...world.options }
        )
        const moves = movesOf(planned)
        assert.isAtMost(moves.length, world.options.maxMovesTotal)
        const groups = moves.map(({ group }) => group)
        assert.isAtMost(
          Math.max(0, ...groups.map((id) => groups.filter((other) => other === id).length)),
          Math.min(1, world.options.maxMovesPerGroup)
        )
        const scoreOf = new Map(planned.scores.map(({ node, score }) => [node, score]))
        for (const { group, shard, source, target } of moves) {
          assert.strictEqual(routing.groups.get(group)?.leader, source)
          assert.strictEqual(shard, routing.shards.indexOf(group))
          assert.strictEqual(topology.nodes.get(source)?.state, "active")
          assert.strictEqual(topology.nodes.get(target)?.state, "active")
          assert.isAbove(scoreOf.get(source) ?? 0, scoreOf.get(target) ?? 0)
        }
      })
    )
  })

  it("one NaN or Infinity in any record means no plan and no error", () => {
    const fields = [
      "shardsLed",
      "bytesStored",
      "writesPerSecond",
      "readsPerSecond",
      "queriesPerSecond",
      "p95LatencyMicros"
    ] as const
    fc.assert(
      fc.property(
        cluster,
        fc.nat({ max: nodeIds.length - 1 }),
        fc.constantFrom(...fields),
        fc.constantFrom(Number.NaN, Infinity),
        (world, victim, field, value) => {
          const records = world.records.map((row, index) =>
            index === victim ? { ...row, [field]: value } : row
          )
          const planned = loadPlan({ records, ...viewOf(world) }, { ...defaults, ...world.options })
          assert.deepStrictEqual(planned._tag === "NoPlan" && planned.reason, {
            _tag: "unscorable",
            nodes: nodeIds.slice(victim, victim + 1)
          })
        }
      )
    )
  })
})
