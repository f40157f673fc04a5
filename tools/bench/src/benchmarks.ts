/** The benchmarks by name. */
import { electionBenchmark } from "./electionBenchmark.ts"
import { failoverBenchmark, failoverTable } from "./failoverBenchmark.ts"
import { idleBenchmark, idleTable } from "./idleBenchmark.ts"
import { localityBenchmark } from "./localityBenchmark.ts"
import { localityTables } from "./localityTables.ts"
import { coreThroughput } from "./membership/coreThroughput.ts"
import { membershipBenchmark } from "./membershipBenchmark.ts"
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

/** How a benchmark is to be run. */
export interface BenchmarkOptions {
  /** Whether to take the long way where there is one. */
  readonly full: boolean
  /** Only what a system costs at rest, where that is a part of its own. */
  readonly idle: boolean
  /** Rounds of each kind, where there are rounds; undefined for as many as `full` says. */
  readonly rounds: number | undefined
  /** Length of a window of rest in s, where there is one; undefined for as long as `full` says. */
  readonly seconds: number | undefined
  /** Names of scenarios, where there are some; none for all. */
  readonly scenarios: ReadonlyArray<string>
  /** Nodes of a cluster, where it may have any number; undefined for each scenario's own. */
  readonly nodes: number | undefined
}

/** Runs a benchmark. */
export type Benchmark = (options: BenchmarkOptions) => BenchmarkReport | Promise<BenchmarkReport>

/** Says how far a benchmark has come, beside its result. */
const say = (line: string): void => console.error(line)

/** Every benchmark by its name on the command line. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  election: async ({ full, idle, rounds = full ? 100 : 20, seconds = full ? 120 : 30 }) => {
    const steps = idle ? [] : electionBenchmark()
    const atRest = await idleBenchmark(seconds, say)
    const failovers = idle ? [] : await failoverBenchmark(rounds, say)
    return {
      tables: [...(idle ? [] : [timingTable(steps), failoverTable(failovers)]), idleTable(atRest)],
      data: idle ? { idle: atRest } : { steps, failovers, idle: atRest },
      broken: []
    }
  },
  locality: ({ full }) => {
    const { broken, ...data } = localityBenchmark(full)
    return { tables: localityTables(data), data, broken }
  },
  membership: async ({ nodes, rounds, scenarios }) => {
    const names = scenarios.filter((name) => name !== "core")
    const all = scenarios.length === 0
    const clusters =
      all || names.length > 0 ? await membershipBenchmark({ names, nodes, rounds }, say) : undefined
    const core = all || scenarios.includes("core") ? await coreThroughput() : undefined
    return {
      tables: [
        ...(clusters === undefined ? [] : [clusters.table, `${clusters.machine}; ${clusters.load}`]),
        ...(core === undefined ? [] : [timingTable(core)])
      ],
      data: { ...clusters, core },
      broken: clusters?.broken ?? []
    }
  }
}
