/** Where leadership ends up under each policy, with and without noise, and how long a decision takes. */
import { emptyMatrix, type LatencyMatrix, recordRound } from "@coterie/locality/core/latencyMatrix"
import { distancesBetween } from "@coterie/locality/core/quorumDistances"
import { quorumLatency } from "@coterie/locality/core/quorumLatency"
import { unguarded } from "@coterie/locality/core/transferGuards"

import { limits, viewOf } from "./localityGroup.ts"
import { localityNoise, type NoiseRow } from "./localityNoise.ts"
import { awsRegions } from "./localityRegions.ts"
import { groupOf, localitySweep, type SweepRow } from "./localitySweep.ts"
import { type BenchmarkRow, time } from "./stopwatch.ts"

/** Everything that the benchmark found. */
export interface LocalityReport {
  readonly sweep: ReadonlyArray<SweepRow>
  readonly noise: ReadonlyArray<NoiseRow>
  readonly decisions: ReadonlyArray<BenchmarkRow>
  /** Promises that were not kept; empty when all were. */
  readonly broken: ReadonlyArray<string>
}

/** Runs it; `full` takes every set through the noise, which takes a quarter of an hour. */
export const localityBenchmark = (full: boolean): LocalityReport => {
  const regions = awsRegions()
  const report = {
    sweep: localitySweep(regions),
    noise: localityNoise(regions, full),
    decisions: decisionTimes()
  }
  return { ...report, broken: brokenPromises(report) }
}

const groupOfFirst = (voters: number) =>
  groupOf(
    awsRegions(),
    Array.from({ length: voters }, (_, region) => region * 2)
  )

const decisionTimes = (): ReadonlyArray<BenchmarkRow> => {
  const seven = groupOfFirst(7)
  const sevenView = viewOf(seven.ids, 0, seven.distances, 0)
  const five = groupOfFirst(5)
  const fiveViews = Array.from({ length: 1000 }, (_, group) => viewOf(five.ids, group % 5, five.distances, 0))
  const matrix = measuredMatrix(five.ids, five.rttMillis)
  const freshness = { nowMillis: 0, maxAgeMillis: 300_000, minRounds: 1 }
  return [
    time("a decision for 7 voters", () => quorumLatency(unguarded, sevenView, limits)),
    time("decisions for 1000 groups of 5", () =>
      fiveViews.map((view) => quorumLatency(unguarded, view, limits))
    ),
    time("the same, distances read from the matrix", () =>
      fiveViews.map((view) =>
        quorumLatency(
          unguarded,
          { ...view, distances: distancesBetween(matrix, five.ids, freshness) },
          limits
        )
      )
    )
  ]
}

const measuredMatrix = (
  ids: ReadonlyArray<string>,
  rttMillis: ReadonlyArray<ReadonlyArray<number>>
): LatencyMatrix => {
  let matrix = emptyMatrix
  for (const [from, row] of rttMillis.entries()) {
    for (const [to, bestMillis] of row.entries()) {
      if (from === to) continue
      const link = { from: ids[from] ?? "", to: ids[to] ?? "" }
      matrix = recordRound(matrix, link, { atMillis: 0, bestMillis, sent: 3, lost: 0 })
    }
  }
  return matrix
}

const brokenPromises = ({
  decisions,
  noise,
  sweep
}: Omit<LocalityReport, "broken">): ReadonlyArray<string> => {
  const broken: Array<string> = []
  const expect = (holds: boolean, otherwise: string): void => {
    if (!holds) broken.push(otherwise)
  }
  for (const { aboveOptimum, mostTransfers, rotations, voters } of sweep) {
    expect(
      aboveOptimum <= 0.01,
      `${voters} voters: ${percent(aboveOptimum)} above the optimum, not within 1 %`
    )
    expect(mostTransfers <= 1, `${voters} voters: ${mostTransfers} transfers in a stable topology`)
    expect(rotations === 0, `${voters} voters: ${rotations} rotations`)
  }
  for (const { steady, voters } of noise) {
    expect(steady >= 0.99, `${voters} voters with noise: only ${percent(steady)} without a second transfer`)
  }
  const [seven, thousand] = decisions
  expect((seven?.medianNanos ?? 0) < 1e6, "a decision for 7 voters takes 1 ms or more")
  expect((thousand?.medianNanos ?? 0) < 50e6, "1000 groups of 5 take 50 ms or more")
  return broken
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
