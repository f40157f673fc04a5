/** Rounds of both systems drawn together: one row per figure, judged by its target. */
import { markdownTable } from "../trial/table.ts"
import type { MachineLoad } from "./kernel.ts"
import type { Figure, Figures, Scenario } from "./Scenario.ts"
import type { System } from "./systems.ts"

/** One round of one scenario on one system. */
export interface Run {
  readonly scenario: string
  readonly system: System["name"]
  readonly nodes: number
  /** The machine just before. */
  readonly load: MachineLoad
  /** Undefined when it could not be measured; `failure` says why. */
  readonly figures: Figures | undefined
  readonly failure?: string
}

/** What one system did over the rounds; infinite for what did not happen in time. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly rounds: number
}

/** One figure of one scenario. */
export interface Row {
  readonly scenario: string
  readonly figure: string
  readonly nodes: number
  readonly target: string
  readonly ours: Spread | undefined
  readonly memberlist: Spread | undefined
  /** Of ours; undefined without a target or without a round. */
  readonly met: boolean | undefined
}

/** The median and the extremes; undefined without values. */
export const spreadOf = (values: ReadonlyArray<number>): Spread | undefined => {
  const sorted = values.toSorted((one, other) => one - other)
  const [min] = sorted
  const max = sorted.at(-1)
  const median = sorted[Math.floor((sorted.length - 1) / 2)]
  if (min === undefined || max === undefined || median === undefined) return undefined
  return { min, median, max, rounds: sorted.length }
}

/** All rows of the scenarios that ran. */
export const rowsOf = (scenarios: ReadonlyArray<Scenario>, runs: ReadonlyArray<Run>): ReadonlyArray<Row> =>
  scenarios.flatMap(({ figures, name }) => {
    const own = runs.filter(({ scenario }) => scenario === name)
    const of = (system: System["name"], { key }: Figure): Spread | undefined =>
      spreadOf(own.flatMap((run) => (run.system === system ? (run.figures?.[key] ?? []) : [])))
    return figures.map((figure): Row => {
      const ours = of("ours", figure)
      return {
        scenario: name,
        figure: figure.what,
        nodes: own[0]?.nodes ?? 0,
        target: describeTarget(figure),
        ours,
        memberlist: of("memberlist", figure),
        met: isMet(figure, ours)
      }
    })
  })

/** Whether the median is within the target, to the digits that are shown. */
export const isMet = ({ digits, target }: Figure, ours: Spread | undefined): boolean | undefined => {
  if (target === undefined || ours === undefined) return undefined
  const shown = Number(ours.median.toFixed(digits))
  return shown >= (target.min ?? -Infinity) && shown <= target.max
}

/** What ours must do. */
export const describeTarget = ({ target, unit }: Figure): string => {
  if (target === undefined) return "-"
  const { max, min } = target
  const bounds = min === undefined ? (max === 0 ? "0" : `<= ${max}`) : `${min} to ${max}`
  return unit === "" ? bounds : `${bounds} ${unit}`
}

/** `9.90 (9.70-10.20) s`: the median, and the extremes of several rounds. */
export const describeSpread = ({ digits, unit }: Figure, spread: Spread | undefined): string => {
  if (spread === undefined) return "-"
  const { max, median, min, rounds } = spread
  const text = (value: number): string => (Number.isFinite(value) ? value.toFixed(digits) : "never")
  if (min === Infinity) return "never"
  const shown = rounds === 1 ? text(median) : `${text(median)} (${text(min)}-${text(max)})`
  return unit === "" ? shown : `${shown} ${unit}`
}

/** The rows for people. */
export const membershipTable = (scenarios: ReadonlyArray<Scenario>, rows: ReadonlyArray<Row>): string =>
  markdownTable(
    ["scenario", "N", "figure", "target", "ours", "memberlist", "ours is"],
    scenarios.flatMap(({ figures, name, what }) =>
      figures.flatMap((figure, index) =>
        rows
          .filter((row) => row.scenario === name && row.figure === figure.what)
          .map((row) => [
            index === 0 ? `${name}: ${what}` : "",
            index === 0 ? String(row.nodes) : "",
            row.figure,
            row.target,
            describeSpread(figure, row.ours),
            describeSpread(figure, row.memberlist),
            row.met === undefined ? "" : row.met ? "met" : "MISSED"
          ])
      )
    )
  )

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

/** Share of the machine above which figures of time and CPU say little. */
const busyShareMax = 0.1

/** What the machine was doing besides, in one line. */
export const describeLoad = (runs: ReadonlyArray<Run>): string => {
  const busy = spreadOf(runs.map(({ load }) => load.busyShare))
  if (busy === undefined) return "nothing was measured"
  const text = `before the runs the machine was ${percent(busy.median)} busy (${percent(busy.min)} to ${percent(busy.max)})`
  return busy.max > busyShareMax ? `BUSY MACHINE, measure again: ${text}` : text
}
