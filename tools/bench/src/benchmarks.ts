/** The benchmarks by name. */
import { electionBenchmark } from "./electionBenchmark.ts"
import { failoverBenchmark, failoverTable } from "./failoverBenchmark.ts"
import { localityBenchmark } from "./localityBenchmark.ts"
import { localityTables } from "./localityTables.ts"
import { timingTable } from "./timingTable.ts"

/** What a benchmark found. */
export interface BenchmarkReport {
  /** Tables for people, one Markdown text each. */
  readonly tables: ReadonlyArray<string>
  /** The same and more for machines. */
  readonly data: object
  /** Promises that were not kept; any one fails the command. */
  readonly broken: ReadonlyArray<string>
}

/** Runs a benchmark; `full` takes the long way where there is one. */
export type Benchmark = (options: { readonly full: boolean }) => BenchmarkReport | Promise<BenchmarkReport>

/** Every benchmark by its name on the command line. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  election: async ({ full }) => {
    const steps = electionBenchmark()
    const failovers = await failoverBenchmark(full ? 100 : 20)
    return { tables: [timingTable(steps), failoverTable(failovers)], data: { steps, failovers }, broken: [] }
  },
  locality: ({ full }) => {
    const { broken, ...data } = localityBenchmark(full)
    return { tables: localityTables(data), data, broken }
  }
}
