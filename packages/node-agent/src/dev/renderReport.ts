/** The report as a person reads it: a table of before and after, and why. */
import { tableLines } from "../cli/table.ts"
import type { DemoReport, Placement } from "./core/demoReport.ts"

/** The report as text, without colours. */
export const renderReport = (report: DemoReport): string => {
  const columns = [report.before, report.after]
  const rows = [
    ["leader", ...columns.map(({ leader }) => leader ?? "none")],
    ["write p50", ...columns.map(({ writeP50Millis }) => millis(writeP50Millis))],
    ["write p95", ...columns.map(({ writeP95Millis }) => millis(writeP95Millis))],
    ["writes measured", ...columns.map(({ writes }) => String(writes))],
    ["nearest voter", ...columns.map(nearest)]
  ]
  return [
    ...tableLines(["", "BEFORE", "AFTER"], rows),
    "",
    verdict(report),
    `Transfers: ${report.transfers.length}; failed writes: ${report.failedWrites}; longest gap between writes: ${millis(report.longestGapMillis)}.`,
    "",
    "DECISIONS",
    ...(report.decisions.length === 0 ? ["none"] : report.decisions).map((decision) => `  ${decision}`)
  ].join("\n")
}

const verdict = ({ after, before, ok, reason, seconds, writers }: DemoReport): string => {
  if (!ok) return `The leader is not well placed after ${seconds} s: ${reason ?? "no reason is known"}.`
  const ratio = (before.writeP50Millis ?? 0) / (after.writeP50Millis ?? 1)
  return `Writes through ${writers.join(", ")} are ${ratio.toFixed(1)} times as fast after ${seconds} s.`
}

const millis = (value: number | null): string => (value === null ? "-" : `${value.toFixed(1)} ms`)

const nearest = ({ rttRowMillis }: Placement): string => {
  const [first] = Object.entries(rttRowMillis).toSorted(([, left], [, right]) => left - right)
  return first === undefined ? "-" : `${first[0]} at ${millis(first[1])}`
}
