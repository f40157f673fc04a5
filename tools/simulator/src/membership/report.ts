/** Runs a scenario with many seeds and sums up what it showed. */
import { type MembershipMeasure, type Profile, runMembership } from "./run.ts"
import type { Scenario } from "./scenarios.ts"

/** What to run. */
export interface MembershipReportOptions {
  readonly scenario: Scenario
  readonly nodes: ReadonlyArray<number>
  readonly runs: number
  readonly firstSeed: number
  readonly profile: Profile
  readonly lifeguard: boolean
}

/** Two quantiles of a time in ms; undefined where nothing was measured. */
export type Quantiles = { readonly p50: number; readonly p99: number } | undefined

/** One scenario with one number of members, over all seeds. */
export interface MembershipRow extends Omit<MembershipReportOptions, "nodes" | "scenario"> {
  readonly scenario: string
  readonly nodes: number
  /** Until the first of the others notices a member that is gone, until half of them do, and until all do. */
  readonly firstMillis: Quantiles
  readonly medianMillis: Quantiles
  readonly fullMillis: Quantiles
  /** From the last fault until all agree. */
  readonly settledMillis: Quantiles
  /** Packets sent per member and second. */
  readonly packetsPerNodeSecond: number
  /** Sums over all runs; see `Detections`. */
  readonly suspected: number
  readonly falsePositives: number
  readonly falseAtHealthy: number
  readonly givenUpResponsive: number
  /** Packets that a full inbox lost. */
  readonly overflows: number
  /** Most facts that waited in one member. */
  readonly queueMax: number
  readonly residentBytes: number
  readonly virtualPerWall: number
  /** First run in which something broke: its seed and what. */
  readonly failure: { readonly seed: number; readonly reason: string } | undefined
  /** How many runs broke. */
  readonly failures: number
}

const quantiles = (values: ReadonlyArray<number>): Quantiles => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  const p50 = at(0.5)
  const p99 = at(0.99)
  return p50 === undefined || p99 === undefined ? undefined : { p50, p99 }
}

const row = (options: MembershipReportOptions, nodes: number): MembershipRow => {
  const { firstSeed, lifeguard, profile, runs, scenario } = options
  const began = process.hrtime.bigint()
  const measures = Array.from({ length: runs }, (_, index) =>
    runMembership({ scenario, nodes, seed: firstSeed + index, profile, lifeguard })
  )
  const wallMillis = Number(process.hrtime.bigint() - began) / 1e6
  const failures = measures.flatMap(({ broken }, index) =>
    broken === undefined ? [] : [{ seed: firstSeed + index, reason: broken }]
  )
  const sum = (of: (measure: MembershipMeasure) => number) =>
    measures.reduce((total, measure) => total + of(measure), 0)
  return {
    scenario: scenario.name,
    nodes,
    runs,
    firstSeed,
    profile,
    lifeguard,
    firstMillis: quantiles(measures.flatMap(({ first }) => first)),
    medianMillis: quantiles(measures.flatMap(({ median }) => median)),
    fullMillis: quantiles(measures.flatMap(({ last }) => last)),
    settledMillis: quantiles(measures.map(({ settledMillis }) => settledMillis)),
    packetsPerNodeSecond: sum((measure) => measure.packetsPerNodeSecond) / runs,
    suspected: sum((measure) => measure.suspected),
    falsePositives: sum((measure) => measure.falsePositives),
    falseAtHealthy: sum((measure) => measure.falseAtHealthy),
    givenUpResponsive: sum((measure) => measure.givenUpResponsive),
    overflows: sum((measure) => measure.overflows),
    queueMax: Math.max(...measures.map(({ queueMax }) => queueMax)),
    residentBytes: process.memoryUsage.rss(),
    virtualPerWall: sum(({ virtualMillis }) => virtualMillis) / wallMillis,
    failure: failures[0],
    failures: failures.length
  }
}

/** Runs what the options name, one row per number of members. */
export const membershipReport = function* (options: MembershipReportOptions): Generator<MembershipRow> {
  for (const nodes of options.nodes) yield row(options, nodes)
}
