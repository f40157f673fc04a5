/** `npm run bench -- NAME [--json]`: runs one benchmark and prints its table. */
import { benchmarks } from "./benchmarks.ts"
import { markdownTable } from "./trial/table.ts"

const [name = "", ...flags] = process.argv.slice(2)
const benchmark = benchmarks[name]

if (benchmark === undefined) {
  console.error(`usage: npm run bench -- <${Object.keys(benchmarks).join(" | ")}> [--json]`)
  process.exitCode = 2
} else {
  const rows = benchmark()
  if (flags.includes("--json")) console.log(JSON.stringify({ benchmark: name, rows }, null, 2))
  else {
    console.log(
      markdownTable(
        ["what", "median", "per second"],
        rows.map(({ medianNanos, what }) => [
          what,
          formatNanos(medianNanos),
          Math.round(1e9 / medianNanos).toLocaleString("en")
        ])
      )
    )
  }
}

function formatNanos(nanos: number): string {
  if (nanos < 1e3) return `${nanos.toFixed(0)} ns`
  return nanos < 1e6 ? `${(nanos / 1e3).toFixed(1)} us` : `${(nanos / 1e6).toFixed(2)} ms`
}
