import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { scoreOf } from "../../src/core/quorumCost.ts"
import { quorumLatency } from "../../src/core/quorumLatency.ts"
import { measuredDistance, type QuorumView } from "../../src/core/QuorumView.ts"
import { unguarded } from "../../src/core/transferGuards.ts"
import { eager, type Rtts, targetOf, viewOf } from "../support/quorumViews.ts"

/** True round trips of a group, what measurements may be off, and numbers from -1 to 1 that say how far each one is. */
const world = fc
  .tuple(fc.integer({ min: 2, max: 7 }), fc.double({ min: 0, max: 30, noNaN: true }))
  .chain(([size, error]) => {
    const matrixOf = (value: fc.Arbitrary<number>) =>
      fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: size, maxLength: size })
    const off = fc.double({ min: -1, max: 1, noNaN: true })
    return fc.record({
      truth: matrixOf(fc.integer({ min: 30, max: 400 })),
      error: fc.constant(error),
      agents: fc.array(matrixOf(off), { minLength: 4, maxLength: 4 }),
      start: fc.integer({ min: 0, max: size - 1 }),
      origin: matrixOf(fc.integer({ min: 30, max: 400 }))
    })
  })

const symmetric = (raw: Rtts): Rtts =>
  raw.map((_, a) => raw.map((__, b) => (a === b ? 0 : (raw[Math.min(a, b)]?.[Math.max(a, b)] ?? 0))))

const offBy = (truth: Rtts, offs: Rtts, error: number): Rtts =>
  truth.map((row, a) =>
    row.map((millis, b) => (a === b ? 0 : millis + error * (symmetric(offs)[a]?.[b] ?? 0)))
  )

const withOrigin = (view: QuorumView, row: ReadonlyArray<number>, error: number): QuorumView => ({
  ...view,
  origins: [{ share: 1, distances: row.map((millis) => measuredDistance(millis, error)) }]
})

const nameAll = (truth: Rtts) => truth.map((_, index) => `n${index}`)

describe("quorumLatency: the lemmas", () => {
  it("lemma 1: links known within e give every score within (1 + rho) e", () => {
    fc.assert(
      fc.property(
        world,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ agents, error, origin, truth: raw }, rho) => {
          const truth = symmetric(raw)
          const ids = nameAll(truth)
          const measured = offBy(truth, agents[0] ?? [], error)
          const clients = origin[0] ?? []
          const measuredClients = clients.map(
            (millis, voter) => millis + error * (agents[1]?.[0]?.[voter] ?? 0)
          )
          const real = withOrigin(viewOf(ids, truth, "n0"), clients, 0)
          const seen = withOrigin(viewOf(ids, measured, "n0"), measuredClients, error)
          for (const voter of ids.keys()) {
            const how = { bound: "hiMillis", outlook: "now" } as const
            const difference = Math.abs(scoreOf(real, voter, rho, how) - scoreOf(seen, voter, rho, how))
            assert.isAtMost(difference, (1 + rho) * error + 1e-9)
          }
        }
      ),
      { numRuns: 500 }
    )
  })

  it("lemma 2: whoever decides and whatever each one measured, there is at most one transfer", () => {
    fc.assert(
      fc.property(world, ({ agents, error, start, truth: raw }) => {
        const truth = symmetric(raw)
        const ids = nameAll(truth)
        let leader = start
        let transfers = 0
        // Three times round: each agent measures anew, and nothing makes it wait.
        for (const offs of [...agents, ...agents, ...agents]) {
          const view = viewOf(ids, offBy(truth, offs, error), ids[leader] ?? "", { errorMillis: error })
          const target = targetOf(quorumLatency(unguarded, view, eager)[1])
          if (target === undefined) continue
          leader = ids.indexOf(target)
          transfers += 1
        }
        assert.isAtMost(transfers, 1)
      }),
      { numRuns: 3000 }
    )
  })

  it("lemma 2 with clients: the same with their way counted", () => {
    fc.assert(
      fc.property(world, ({ agents, error, origin, start, truth: raw }) => {
        const truth = symmetric(raw)
        const ids = nameAll(truth)
        let leader = start
        let transfers = 0
        for (const offs of agents) {
          const clients = (origin[0] ?? []).map((millis, voter) => millis + error * (offs[0]?.[voter] ?? 0))
          const view = viewOf(ids, offBy(truth, offs, error), ids[leader] ?? "", { errorMillis: error })
          const target = targetOf(quorumLatency(unguarded, withOrigin(view, clients, error), eager)[1])
          if (target === undefined) continue
          leader = ids.indexOf(target)
          transfers += 1
        }
        assert.isAtMost(transfers, 1)
      }),
      { numRuns: 2000 }
    )
  })

  it("a transfer always gains: the true score falls by at least the gain less twice the error", () => {
    fc.assert(
      fc.property(world, ({ agents, error, start, truth: raw }) => {
        const truth = symmetric(raw)
        const ids = nameAll(truth)
        const view = viewOf(ids, offBy(truth, agents[0] ?? [], error), ids[start] ?? "", {
          errorMillis: error
        })
        const verdict = quorumLatency(unguarded, view, eager)[1]
        if (verdict._tag === "Stay") return
        const real = viewOf(ids, truth, ids[start] ?? "")
        const how = { bound: "hiMillis", outlook: "now" } as const
        const gain = scoreOf(real, start, 1, how) - scoreOf(real, ids.indexOf(verdict.target), 1, how)
        assert.isAtLeast(gain, verdict.gainMillis - 2 * error - 1e-9)
        assert.isAbove(gain, 0)
      }),
      { numRuns: 1000 }
    )
  })
})
