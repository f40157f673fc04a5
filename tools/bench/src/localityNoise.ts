/** Ten hours of measurements with noise: whether a policy that found its place ever leaves it again. */
import { type LatencyMatrix } from "@coterie/locality/core/latencyMatrix"
import {
  addRound,
  estimateLink,
  type LinkEstimate,
  type LinkRounds,
  noRounds
} from "@coterie/locality/core/linkRounds"
import { distancesBetween } from "@coterie/locality/core/quorumDistances"

import { intervalMillis, type Run, runNearestPeer, runQuorumLatency } from "./localityGroup.ts"
import { allSets, type Regions, randomSets, seededRandom } from "./localityRegions.ts"
import { groupOf } from "./localitySweep.ts"

/** The noise runs over groups of one size. */
export interface NoiseRow {
  readonly voters: number
  readonly runs: number
  /** Runs with at most one transfer. */
  readonly steady: number
  readonly mostTransfers: number
  readonly endMeanMillis: number
  readonly optimumMeanMillis: number
  /** Transfers of `nearestPeer` on the same noise, mean and most. */
  readonly nearestPeerMean: number
  readonly nearestPeerMost: number
}

/** 120 random sets of each size, or with `full` all of them; one random start each. */
export const localityNoise = (regions: Regions, full: boolean): ReadonlyArray<NoiseRow> =>
  [3, 5].map((voters) => {
    const random = seededRandom(voters)
    const count = regions.names.length
    const sets = full ? allSets(count, voters) : randomSets(count, voters, 120, random)
    return noiseRow(regions, sets, voters, random)
  })

const noiseRow = (
  regions: Regions,
  sets: ReadonlyArray<ReadonlyArray<number>>,
  voters: number,
  random: () => number
): NoiseRow => {
  let [steady, mostTransfers, end, optimum, nearestPeerSum, nearestPeerMost] = [0, 0, 0, 0, 0, 0]
  for (const set of sets) {
    const group = groupOf(regions, set)
    const start = Math.floor(random() * voters)
    const run = noisyRun(group.ids, group.rttMillis, start, random)
    steady += run.transfers <= 1 ? 1 : 0
    mostTransfers = Math.max(mostTransfers, run.transfers)
    end += group.costs[run.leader] ?? Number.NaN
    optimum += Math.min(...group.costs)
    const nearest = runNearestPeer(group.ids, start, (leader) =>
      (group.rttMillis[leader] ?? []).map((rtt) => roundValue(rtt, random))
    )
    nearestPeerSum += nearest.transfers
    nearestPeerMost = Math.max(nearestPeerMost, nearest.transfers)
  }
  return {
    voters,
    runs: sets.length,
    steady: steady / sets.length,
    mostTransfers,
    endMeanMillis: end / sets.length,
    optimumMeanMillis: optimum / sets.length,
    nearestPeerMean: nearestPeerSum / sets.length,
    nearestPeerMost
  }
}

/** Every node probes every other once a look and hears all rows; the agent beside the leader reads the matrix. */
const noisyRun = (
  ids: ReadonlyArray<string>,
  rttMillis: ReadonlyArray<ReadonlyArray<number>>,
  start: number,
  random: () => number
): Run => {
  const rounds: Array<Array<LinkRounds>> = ids.map(() => ids.map(() => noRounds))
  const rows = new Map<string, Map<string, LinkEstimate>>(ids.map((id) => [id, new Map()]))
  const look = (leader: number, number: number) => {
    const nowMillis = number * intervalMillis
    for (const [from, row] of rounds.entries()) {
      for (const [to, link] of row.entries()) {
        if (from === to) continue
        const bestMillis = roundValue(rttMillis[from]?.[to] ?? Number.NaN, random)
        const next = addRound(link, { atMillis: nowMillis, bestMillis, sent: 3, lost: 0 })
        row[to] = next
        const estimate = estimateLink(next)
        if (estimate !== undefined) rows.get(ids[from] ?? "")?.set(ids[to] ?? "", estimate)
      }
    }
    const matrix: LatencyMatrix = { own: new Map([[ids[leader] ?? "", new Map()]]), rows }
    return distancesBetween(matrix, ids, { nowMillis, maxAgeMillis: 300_000, minRounds: 3 })
  }
  return runQuorumLatency(ids, start, look, false)
}

/** The fastest of three probes. */
const roundValue = (rtt: number, random: () => number): number =>
  Math.min(sample(rtt, random), sample(rtt, random), sample(rtt, random))

/** 2 % of noise on the path, half a millisecond of jitter, and in one sample of twenty a queue of 80 ms; the last two exponential. */
const sample = (rtt: number, random: () => number): number => {
  const gaussian = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const queue = random() < 0.05 ? exponential(80, random) : 0
  return Math.max(0, rtt * (1 + 0.02 * gaussian)) + exponential(0.5, random) + queue
}

const exponential = (mean: number, random: () => number): number => -mean * Math.log(1 - random())
