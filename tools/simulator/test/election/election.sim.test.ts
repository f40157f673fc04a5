/** The elections under faults; a failure prints the command that replays it. Long runs: `npm run sim -- election --runs 10000`. */
import { assert, describe, it } from "vitest"

import { replay } from "../../src/election/cli.ts"
import type { ElectionMeasure } from "../../src/election/measure.ts"
import { electionReport, failureOf } from "../../src/election/report.ts"
import { type ElectionRun, runElection, type Strategy } from "../../src/election/run.ts"
import { type Scenario, scenarios } from "../../src/election/scenarios.ts"

const named = (name: string): Scenario => {
  const scenario = scenarios.find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  return scenario
}

const seeds = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index + 1)

const failuresOf = (count: number, run: Omit<ElectionRun, "seed">): ReadonlyArray<string> =>
  seeds(count).flatMap((seed) => failureOf(runElection({ ...run, seed })) ?? [])

describe("the leased quorum never has two leaders", () => {
  for (const { name } of scenarios.filter(({ needsStore }) => !needsStore)) {
    for (const nodes of [3, 5]) {
      const runs = name === "chaos" ? (nodes === 3 ? 100 : 40) : 20
      it(`${name}, ${nodes} nodes, ${runs} seeds`, { timeout: 120_000 }, () => {
        for (const row of electionReport({ runs, firstSeed: 1, scenario: name, nodes, strategy: "leased" })) {
          assert.isUndefined(row.failure, replay(row))
          assert.strictEqual(row.dualMasterMillis, 0)
          assert.isAtMost(row.noMasterShare, 0.05, "share of the time without a leader")
        }
      })
    }
  }

  it("even sizes and a single node too", { timeout: 60_000 }, () => {
    for (const nodes of [1, 2, 4])
      assert.deepStrictEqual(
        failuresOf(10, { strategy: "leased", scenario: named("chaos"), nodes }),
        [],
        `${nodes} nodes`
      )
  })
})

describe("the lease in a store never has two leaders", () => {
  for (const { name } of scenarios) {
    for (const nodes of [3, 5]) {
      const runs = name === "chaos" ? (nodes === 3 ? 80 : 30) : 10
      it(`${name}, ${nodes} nodes, ${runs} seeds`, { timeout: 120_000 }, () => {
        for (const row of electionReport({ runs, firstSeed: 1, scenario: name, nodes, strategy: "lease" })) {
          assert.isUndefined(row.failure, replay(row))
          assert.strictEqual(row.dualMasterMillis, 0)
          // An outage of 30 s in 600 s; the time that a lease outlasts it makes up for the time that it takes to get one.
          assert.isAtMost(row.noMasterShare, name === "chaos" ? 0.1 : 0.05, "share without a leader")
        }
      })
    }
  }
})

const gaps = (name: string, nodes: number, strategy: Strategy = "leased") =>
  [...electionReport({ runs: 60, firstSeed: 1, scenario: name, nodes, strategy })].map(
    ({ gapP99Millis }) => gapP99Millis
  )

describe("the lease in a store follows its store", () => {
  const outages = ["store down 30 s", "store hangs 30 s", "store's answers lost 30 s"]
  for (const name of outages) {
    it(`${name}: nobody leads without it, and somebody soon after it`, { timeout: 60_000 }, () => {
      for (const gap of gaps(name, 3, "lease")) {
        assert.isAtLeast(gap, 30_000 - 4000)
        assert.isAtMost(gap, 30_000 + 1000)
      }
    })
  }

  it("follows a crashed leader within a time to live and a poll", { timeout: 60_000 }, () => {
    for (const gap of gaps("a crashes, back after 30 s", 3, "lease")) assert.isAtMost(gap, 5000)
  })
})

/** From a, b and c to all nodes: each node has the new list from its second start on. */
const changing = (nodes: number) => ({
  strategy: "leased" as const,
  scenario: named("chaos"),
  nodes,
  voters: (id: string, starts: number) =>
    "abcde".split("").slice(0, starts > 1 || !"abc".includes(id) ? nodes : 3)
})

describe("voters change while nodes restart at random (R12)", () => {
  it("one voter more, 40 seeds: never two leaders", { timeout: 60_000 }, () => {
    assert.deepStrictEqual(failuresOf(40, changing(4)), [])
  })

  it("two voters more at once, which is against the rule: two leaders", { timeout: 60_000 }, () => {
    assert.isNotEmpty(failuresOf(40, changing(5)))
  })
})

describe("the leased quorum is quick", () => {
  it("hands over within three round trips and two writes to disk", { timeout: 60_000 }, () => {
    // A round trip is up to 5 ms, a write up to 5 ms.
    for (const gap of gaps("a hands over", 3)) assert.isAtMost(gap, 3 * 5 + 2 * 5)
  })

  it("follows a crashed leader within a lease and a heartbeat", { timeout: 60_000 }, () => {
    for (const gap of gaps("a crashes, back after 30 s", 3)) assert.isAtMost(gap, 5000)
  })
})

const run = (seed: number): ElectionMeasure =>
  runElection({ strategy: "leased", scenario: named("chaos"), nodes: 3, seed })

describe("a run", () => {
  it("is the same for the same seed, and another for another", () => {
    assert.deepStrictEqual(run(11), run(11))
    assert.notStrictEqual(run(11).traceHash, run(12).traceHash)
  })

  it("writes to the fenced resource, and late writes of deposed leaders are refused", () => {
    const measures = seeds(10).map(run)
    assert.isTrue(measures.every(({ writes }) => writes > 1000))
    assert.isTrue(measures.some(({ fencedRefusals }) => fencedRefusals > 0))
  })
})

describe("the simulator notices a broken rule", () => {
  const chaos = { strategy: "leased", scenario: named("chaos"), nodes: 3 } as const

  it("no guard, though clocks run at different rates: two leaders", { timeout: 60_000 }, () => {
    const dual = seeds(20).map(
      (seed) => runElection({ ...chaos, seed, timing: { guardMillis: 0 } }).dualMasterMillis
    )
    assert.isAbove(Math.max(...dual), 0)
  })

  it(
    "a promise that does not survive a restart: two leaders, or a token of two owners",
    { timeout: 60_000 },
    () => {
      assert.isNotEmpty(failuresOf(20, { ...chaos, scenario: forgetting(named("chaos")) }))
    }
  )

  it("no guard in the lease of a store: two leaders, or a lease taken too early", { timeout: 60_000 }, () => {
    const timing = { guardMillis: 0, drift: 0 }
    assert.isNotEmpty(failuresOf(20, { ...chaos, strategy: "lease", timing }))
  })

  for (const strategy of ["leased", "lease"] as const) {
    it(`${strategy} by wall clocks that jump: two leaders`, () => {
      const scenario = byWallClock(named("wall clocks jump 1 h"))
      assert.isAbove(runElection({ strategy, scenario, nodes: 3, seed: 1 }).dualMasterMillis, 0)
    })
  }

  it("the quorum rule: one cut link has two leaders for the cut and the cooldown", () => {
    const { dualMasterMillis } = runElection({
      strategy: "quorum",
      scenario: named("cut a-b 60 s"),
      nodes: 3,
      seed: 1
    })
    assert.closeTo(dualMasterMillis, 60_000 - 4000 + 120_000, 3000)
  })
})

/** The same faults, with every crash a loss of the disk too. */
const forgetting = (scenario: Scenario): Scenario => ({
  ...scenario,
  inject: (world) => {
    const crash = world.crash.bind(world)
    world.crash = (id) => {
      crash(id)
      for (const seat of world.seats) if (seat.id === id) seat.disk.clear()
    }
    scenario.inject(world)
  }
})

/** The same faults on nodes whose leases count by the wall clock. */
const byWallClock = (scenario: Scenario): Scenario => ({
  ...scenario,
  inject: (world) => {
    world.jumpWallClock = (id, millis) => {
      for (const seat of world.seats) if (seat.id === id) seat.offsetMillis += millis
    }
    scenario.inject(world)
  }
})
