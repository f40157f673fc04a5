/** Timed operations as a table. */
import type { BenchmarkRow } from "./stopwatch.ts"
import { markdownTable } from "./trial/table.ts"

/** One line per operation, with how often it fits into a second. */
export const timingTable = (rows: ReadonlyArray<BenchmarkRow>): string =>
  markdownTable(
    ["what", "median", "per second"],
    rows.map(({ medianNanos, what }) => [
      what,
      formatNanos(medianNanos),
      Math.round(1e9 / medianNanos).toLocaleString("en")
    ])
  )

const formatNanos = (nanos: number): string => {
  if (nanos < 1e3) return `${nanos.toFixed(0)} ns`
  return nanos < 1e6 ? `${(nanos / 1e3).toFixed(1)} us` : `${(nanos / 1e6).toFixed(2)} ms`
}
