import { assert, describe, it } from "@effect/vitest"

import type { Scenario } from "../../src/trial/Scenario.ts"
import { scenarios } from "../../src/trial/scenarios.ts"

/** Round trip to the last voter that a quorum needs, when the leader sits there (specification 2.1). */
const commitMillis = ({ rttMillis }: Scenario, leader: number, without: ReadonlyArray<number> = []): number =>
  (rttMillis[leader] ?? [])
    .filter((_, node) => node !== leader && !without.includes(node))
    .toSorted((a, b) => a - b)[Math.floor(rttMillis.length / 2) - 1] ?? Number.NaN

const named = (name: string): Scenario =>
  scenarios.find((scenario) => scenario.name === name) ?? assert.fail(`no scenario ${name}`)

describe("scenarios", () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    "%s expects the leaders that the distances make best",
    (_, scenario) => {
      const nodes = scenario.rttMillis.map((__, node) => node)
      const spared = new Set(Object.keys(scenario.expect.handOversTo ?? {}).map(Number))
      const costs = scenario.expect.leaders.map((node) => commitMillis(scenario, node))
      const others = nodes.filter((node) => !scenario.expect.leaders.includes(node) && !spared.has(node))
      for (const other of others) {
        assert.isAbove(commitMillis(scenario, other), Math.max(...costs), `n${other + 1}`)
      }
      assert.include([...nodes], scenario.client)
      for (const row of nodes) {
        for (const column of nodes) {
          assert.strictEqual(scenario.rttMillis[row]?.[column], scenario.rttMillis[column]?.[row])
        }
      }
    }
  )

  it("has names of its own for each", () => {
    assert.strictEqual(new Set(scenarios.map(({ name }) => name)).size, scenarios.length)
  })

  it("hurts the best target, not the client's node", () => {
    for (const name of ["hung-target", "target-dies", "draining"]) {
      const scenario = named(name)
      const costs = scenario.rttMillis.map((_, node) => commitMillis(scenario, node))
      assert.strictEqual(costs.indexOf(Math.min(...costs)), 0, name)
      assert.strictEqual(costs.filter((cost) => cost === costs[0]).length, 1, name)
      assert.notStrictEqual(scenario.client, 0, name)
    }
  })

  it("tempts with a leader that is better only while the voter is cut off", () => {
    const scenario = named("partition-heal")
    assert.isBelow(commitMillis(scenario, 1, [2]) + 100, commitMillis(scenario, 0, [2]))
    assert.isBelow(commitMillis(scenario, 0), commitMillis(scenario, 1))
  })
})
