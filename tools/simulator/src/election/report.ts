/** Runs every scenario many times and sums up what each strategy showed. */
import type { ElectionMeasure } from "./measure.ts"
import { runElection, strategies, type Strategy } from "./run.ts"
import { type Scenario, scenarios } from "./scenarios.ts"

/** One scenario under one strategy, over all seeds. */
export interface ElectionRow {
  readonly scenario: string
  readonly nodes: number
  readonly strategy: Strategy
  readonly runs: number
  /** Mean per run. */
  readonly dualMasterMillis: number
  /** Share of the time without a leader. */
  readonly noMasterShare: number
  /** Mean and 99th percentile of the longest time without a leader after the fault. */
  readonly gapMeanMillis: number
  readonly gapP99Millis: number
  readonly fencedViolations: number
  /** First run with two leaders, a broken invariant or a fenced violation: its seed and what was wrong. */
  readonly failure: { readonly seed: number; readonly reason: string } | undefined
}

/** What to run; every scenario, three and five nodes and every strategy unless narrowed. */
export interface ElectionReportOptions {
  readonly runs: number
  readonly firstSeed: number
  readonly scenario?: string | undefined
  readonly nodes?: number | undefined
  readonly strategy?: Strategy | undefined
}

/** What was wrong with a run, or undefined. */
export const failureOf = (measure: ElectionMeasure): string | undefined =>
  measure.broken ??
  (measure.fencedViolations > 0 ? "the fenced resource accepted one token from two nodes" : undefined)

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const summarize = (
  measures: ReadonlyArray<ElectionMeasure>,
  row: Pick<ElectionRow, "scenario" | "nodes" | "strategy">,
  firstSeed: number
): ElectionRow => {
  const gaps = measures.map(({ gapMillis }) => gapMillis).toSorted((a, b) => a - b)
  const failures = measures.flatMap((measure, index) => {
    const reason = failureOf(measure)
    return reason === undefined ? [] : [{ seed: firstSeed + index, reason }]
  })
  return {
    ...row,
    runs: measures.length,
    dualMasterMillis: sum(measures.map(({ dualMasterMillis }) => dualMasterMillis)) / measures.length,
    noMasterShare:
      sum(measures.map(({ noMasterMillis }) => noMasterMillis)) /
      sum(measures.map(({ durationMillis }) => durationMillis)),
    gapMeanMillis: sum(gaps) / gaps.length,
    gapP99Millis: gaps[Math.ceil(gaps.length * 0.99) - 1] ?? Number.NaN,
    fencedViolations: sum(measures.map(({ fencedViolations }) => fencedViolations)),
    failure: failures[0]
  }
}

const row = (
  scenario: Scenario,
  nodes: number,
  strategy: Strategy,
  options: ElectionReportOptions
): ElectionRow => {
  const measures = Array.from({ length: options.runs }, (_, index) =>
    runElection({ strategy, scenario, nodes, seed: options.firstSeed + index })
  )
  return summarize(measures, { scenario: scenario.name, nodes, strategy }, options.firstSeed)
}

/** Runs what the options name, row by row. */
export const electionReport = function* (options: ElectionReportOptions): Generator<ElectionRow> {
  for (const scenario of scenarios) {
    if (options.scenario !== undefined && options.scenario !== scenario.name) continue
    for (const nodes of options.nodes === undefined ? [3, 5] : [options.nodes]) {
      for (const strategy of options.strategy === undefined ? strategies : [options.strategy]) {
        if (!scenario.needsStore || strategy === "lease") yield row(scenario, nodes, strategy, options)
      }
    }
  }
}
