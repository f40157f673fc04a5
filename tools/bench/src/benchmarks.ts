/** The benchmarks by name; each times cores alone, without clocks, sockets or disks. */
import { electionBenchmark } from "./electionBenchmark.ts"
import type { BenchmarkRow } from "./stopwatch.ts"

/** Runs a benchmark and returns its rows. */
export const benchmarks: Readonly<Record<string, () => ReadonlyArray<BenchmarkRow>>> = {
  election: electionBenchmark
}
