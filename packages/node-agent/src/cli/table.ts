/** Text tables. */
import { CliOutput } from "effect/cli"

/** Lines of a table under upper-case headings; columns are as wide as their widest cell, and a line has no trailing spaces. */
export const tableLines = (
  headings: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const lines = [headings, ...rows].map((line) => line.map(printable))
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => CliOutput.displayWidth(line[column] ?? "")))
  )
  return lines.map((line) =>
    line
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
}

/** Lines of names and values, the names padded to the same width; values that are undefined are left out. */
export const fieldLines = (fields: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => {
  const shown = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${pad(name, width)}  ${printable(value)}`)
}

/** Names and labels come from other machines: what would move the cursor or rename the window is shown as a dot; colours stay. */
export const printable = (text: string): string =>
  text.replaceAll(colourOrControl, (found) => (found.length > 1 ? found : "·"))

const colourOrControl = new RegExp(`${String.fromCodePoint(0x1b)}\\[[\\d;]*m|\\p{Cc}`, "gu")

const pad = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - CliOutput.displayWidth(text)))

/** A length of time in its two largest units, such as 3d4h, 2m5s, 1.2s or 12ms. */
export const shortDuration = (millis: number): string => {
  const rounded = Math.round(millis)
  if (rounded < 1000) return `${rounded}ms`
  if (rounded < 10_000) return `${Number((rounded / 1000).toFixed(1))}s`
  const seconds = Math.floor(rounded / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"]
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join("")
}

/** A measured time in ms, to a tenth below 10 ms. */
export const shortMillis = (millis: number): string =>
  `${millis < 10 ? millis.toFixed(1) : Math.round(millis)}ms`
