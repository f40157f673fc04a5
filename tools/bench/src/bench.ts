/** `npm run bench -- NAME [--json] [--full]`: runs one benchmark and prints its tables; fails when a promise was not kept. */
import { benchmarks } from "./benchmarks.ts"

const [name = "", ...flags] = process.argv.slice(2)
const benchmark = benchmarks[name]

if (benchmark === undefined) {
  console.error(`usage: npm run bench -- <${Object.keys(benchmarks).join(" | ")}> [--json] [--full]`)
  process.exitCode = 2
} else {
  const { broken, data, tables } = await benchmark({ full: flags.includes("--full") })
  if (flags.includes("--json")) console.log(JSON.stringify({ benchmark: name, ...data, broken }, null, 2))
  else console.log(tables.join("\n\n"))
  for (const promise of broken) console.error(`BROKEN: ${promise}`)
  if (broken.length > 0) process.exitCode = 1
}
