/**
 * `npm run bench -- NAME [--json] [--full] [--idle] [--rounds N] [--seconds N]`: runs one benchmark and prints its tables; fails when a promise
 * was not kept. `BenchmarkOptions` says what the flags mean.
 */
import { parseArgs } from "node:util"

import { benchmarks } from "./benchmarks.ts"
import { wholeNumber } from "./wholeNumber.ts"

const usage = `usage: npm run bench -- <${Object.keys(benchmarks).join(" | ")}> [--json] [--full] [--idle] [--rounds N] [--seconds N]`

/** What to run, or a sentence on what is wrong with the command. */
const readCommand = () => {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
        idle: { type: "boolean", default: false },
        rounds: { type: "string" },
        seconds: { type: "string" }
      }
    })
    const name = positionals.join(" ")
    const benchmark = benchmarks[name]
    if (benchmark === undefined) return `no benchmark "${name}"`
    const { full, idle, json, rounds, seconds } = values
    const options = {
      full,
      idle,
      rounds: rounds === undefined ? undefined : wholeNumber("rounds", rounds),
      seconds: seconds === undefined ? undefined : wholeNumber("seconds", seconds)
    }
    return { name, benchmark, json, options }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const command = readCommand()
if (typeof command === "string") {
  console.error(`${command}\n${usage}`)
  process.exitCode = 2
} else {
  const { broken, data, tables } = await command.benchmark(command.options)
  if (command.json) console.log(JSON.stringify({ benchmark: command.name, ...data, broken }, null, 2))
  else console.log(tables.join("\n\n"))
  for (const promise of broken) console.error(`BROKEN: ${promise}`)
  if (broken.length > 0) process.exitCode = 1
}
