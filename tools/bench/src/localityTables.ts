/** What the locality benchmark found, as tables. */
import type { LocalityReport } from "./localityBenchmark.ts"
import { timingTable } from "./timingTable.ts"
import { markdownTable } from "./trial/table.ts"

/** The sweep, the noise runs and the decision times. */
export const localityTables = ({
  decisions,
  noise,
  sweep
}: Omit<LocalityReport, "broken">): ReadonlyArray<string> => [
  markdownTable(
    [
      "voters",
      "sets",
      "random election",
      "nearestPeer",
      "quorumLatency",
      "optimum",
      "above optimum",
      "most transfers",
      "rotations",
      "nearestPeer rotates"
    ],
    sweep.map((row) => [
      String(row.voters),
      String(row.sets),
      ...[row.random, row.nearestPeer, row.quorumLatency, row.optimum].map(
        ({ meanMillis, p95Millis }) => `${meanMillis.toFixed(1)} (${p95Millis.toFixed(1)})`
      ),
      percent(row.aboveOptimum),
      String(row.mostTransfers),
      String(row.rotations),
      percent(row.nearestPeerRotates)
    ])
  ),
  markdownTable(
    [
      "voters",
      "runs of 10 h",
      "at most one transfer",
      "most transfers",
      "end cost",
      "optimum",
      "nearestPeer transfers, mean (most)"
    ],
    noise.map((row) => [
      String(row.voters),
      String(row.runs),
      percent(row.steady),
      String(row.mostTransfers),
      row.endMeanMillis.toFixed(1),
      row.optimumMeanMillis.toFixed(1),
      `${row.nearestPeerMean.toFixed(1)} (${row.nearestPeerMost})`
    ])
  ),
  timingTable(decisions)
]

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
