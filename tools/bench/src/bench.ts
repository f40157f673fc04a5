/**
 * `npm run bench -- NAME [--help] [--json] [--full] [--idle] [--rounds N] [--seconds N] [--scenario NAME]... [--nodes N]`: runs one benchmark and prints its
 * tables; fails when a promise was not kept. `BenchmarkOptions` says what the flags mean.
 */
import { parseArgs } from "node:util"

import { benchmarks } from "./benchmarks.ts"
import { CommandError } from "./CommandError.ts"
import { wholeNumber } from "./wholeNumber.ts"

const usage = `usage: npm run bench -- <${Object.keys(benchmarks).join(" | ")}> [--help] [--json] [--full] [--idle] [--rounds N] [--seconds N] [--scenario NAME]... [--nodes N]`

/** What to run; a sentence on what is wrong with the command; undefined when only help is wanted. */
const readCommand = () => {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        full: { type: "boolean", default: false },
        idle: { type: "boolean", default: false },
        rounds: { type: "string" },
        seconds: { type: "string" },
        scenario: { type: "string", multiple: true, default: [] },
        nodes: { type: "string" }
      }
    })
    if (values.help) return undefined
    const name = positionals.join(" ")
    const benchmark = benchmarks[name]
    if (benchmark === undefined) return `no benchmark "${name}"`
    const { full, idle, json, nodes, rounds, scenario, seconds } = values
    const options = {
      full,
      idle,
      rounds: rounds === undefined ? undefined : wholeNumber("rounds", rounds),
      seconds: seconds === undefined ? undefined : wholeNumber("seconds", seconds),
      scenarios: scenario,
      nodes: nodes === undefined ? undefined : wholeNumber("nodes", nodes)
    }
    return { name, benchmark, json, options }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

type Command = Exclude<ReturnType<typeof readCommand>, string | undefined>

const run = async ({ benchmark, json, name, options }: Command): Promise<void> => {
  const { broken, data, tables } = await benchmark(options)
  if (json) console.log(JSON.stringify({ benchmark: name, ...data, broken }, null, 2))
  else console.log(tables.join("\n\n"))
  for (const promise of broken) console.error(`BROKEN: ${promise}`)
  if (broken.length > 0) process.exitCode = 1
}

const refuse = (sentence: string): void => {
  console.error(`${sentence}\n${usage}`)
  process.exitCode = 2
}

const command = readCommand()
if (command === undefined) console.log(usage)
else if (typeof command === "string") refuse(command)
else {
  await run(command).catch((cause: unknown) => {
    if (!(cause instanceof CommandError)) throw cause
    refuse(cause.message)
  })
}
