/** Every start of every set of regions, without noise: where leadership ends up under each policy, and what a write costs there. */
import { commitCost } from "@coterie/locality/core/quorumCost"
import { measuredDistance } from "@coterie/locality/core/QuorumView"

import { type Distances, nearestTarget, runQuorumLatency, viewOf } from "./localityGroup.ts"
import { allSets, type Regions, randomSets, seededRandom } from "./localityRegions.ts"
import { percentile } from "./trial/latencies.ts"

/** What a write costs in ms, over all starts. */
interface Costs {
  readonly meanMillis: number
  readonly p95Millis: number
}

/** The sweep over groups of one size. */
export interface SweepRow {
  readonly voters: number
  readonly sets: number
  /** Leaders as elections leave them: every voter equally often. */
  readonly random: Costs
  /** Where `nearestPeer` settles; the mean of its round where it rotates. */
  readonly nearestPeer: Costs
  readonly nearestPeerRotates: number
  readonly quorumLatency: Costs
  readonly optimum: Costs
  /** Mean cost of `quorumLatency` over that of the optimum, less 1. */
  readonly aboveOptimum: number
  readonly mostTransfers: number
  /** Starts that took `quorumLatency` more than one transfer; every rotation is one. */
  readonly rotations: number
}

/** All sets of 3 and 5 regions, and random samples of 4, 6 and 7. */
export const localitySweep = (regions: Regions): ReadonlyArray<SweepRow> => {
  const count = regions.names.length
  const random = seededRandom(20_261_121)
  const sample = (size: number, sets: number) => sweep(regions, randomSets(count, size, sets, random), size)
  const all = (size: number) => sweep(regions, allSets(count, size), size)
  return [all(3), sample(4, 5000), all(5), sample(6, 5000), sample(7, 5000)]
}

const sweep = (regions: Regions, sets: ReadonlyArray<ReadonlyArray<number>>, voters: number): SweepRow => {
  const costs = {
    random: new Costing(),
    nearestPeer: new Costing(),
    quorumLatency: new Costing(),
    optimum: new Costing()
  }
  let nearestPeerRotations = 0
  let mostTransfers = 0
  let rotations = 0
  for (const set of sets) {
    const group = groupOf(regions, set)
    const optimum = Math.min(...group.costs)
    for (const start of set.keys()) {
      costs.optimum.add(optimum)
      costs.random.add(group.costs[start] ?? Number.NaN)
      const round = nearestPeerRound(group, start)
      costs.nearestPeer.add(mean(round.map((leader) => group.costs[leader] ?? Number.NaN)))
      if (round.length > 1) nearestPeerRotations += 1
      const { leader, transfers } = runQuorumLatency(group.ids, start, () => group.distances, true)
      costs.quorumLatency.add(group.costs[leader] ?? Number.NaN)
      mostTransfers = Math.max(mostTransfers, transfers)
      if (transfers > 1) rotations += 1
    }
  }
  const summary = {
    random: costs.random.summary(),
    nearestPeer: costs.nearestPeer.summary(),
    quorumLatency: costs.quorumLatency.summary(),
    optimum: costs.optimum.summary()
  }
  return {
    voters,
    sets: sets.length,
    ...summary,
    nearestPeerRotates: nearestPeerRotations / (sets.length * voters),
    aboveOptimum: summary.quorumLatency.meanMillis / summary.optimum.meanMillis - 1,
    mostTransfers,
    rotations
  }
}

/** A group in these regions, with what a write costs under each leader. */
interface Group {
  readonly ids: ReadonlyArray<string>
  readonly distances: Distances
  readonly rttMillis: ReadonlyArray<ReadonlyArray<number>>
  readonly costs: ReadonlyArray<number>
}

/** A group with one voter in each of these regions. */
export const groupOf = ({ names, rttMillis }: Regions, set: ReadonlyArray<number>): Group => {
  const ids = set.map((region) => names[region] ?? "")
  const rtt = set.map((from) => set.map((to) => rttMillis[from]?.[to] ?? Number.NaN))
  const distances = rtt.map((row) => row.map((millis) => measuredDistance(millis)))
  const costs = ids.map((_, leader) =>
    commitCost(viewOf(ids, leader, distances, 0), leader, { bound: "loMillis", outlook: "now" })
  )
  return { ids, distances, rttMillis: rtt, costs }
}

/** The leaders that `nearestPeer` goes round between in the end: one when it settles. */
const nearestPeerRound = ({ ids, rttMillis }: Group, start: number): ReadonlyArray<number> => {
  const visited: Array<number> = [start]
  for (;;) {
    const leader = visited.at(-1) ?? start
    const target = nearestTarget(ids, leader, rttMillis[leader] ?? [])
    if (target === undefined) return [leader]
    const before = visited.indexOf(target)
    if (before !== -1) return visited.slice(before)
    visited.push(target)
  }
}

const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

class Costing {
  readonly #values: Array<number> = []
  add(value: number): void {
    this.#values.push(value)
  }
  summary(): Costs {
    return { meanMillis: mean(this.#values), p95Millis: percentile(this.#values, 0.95) }
  }
}
