/**
 * `npm run trial:election [-- --rounds 100] [--stop 10] [--json]`: three real processes elect a leader that keeps writing a fenced SQLite row
 * and a fenced key of etcd; each round stops, kills or cuts off the leader, or restarts each node. Needs etcd, and root for the network
 * namespaces of the partitions. Fails when a resource took an older token after a newer one; ends cleanly on SIGINT and SIGTERM.
 */
import { parseArgs } from "node:util"

import { Cause, Effect, Exit, Fiber } from "effect"

import { type ElectionTrialReport, electionTrial } from "./failover/electionTrial.ts"
import { markdownTable } from "./trial/table.ts"
import { wholeNumber } from "./wholeNumber.ts"

const readCommand = () => {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: "string", default: "20" },
        stop: { type: "string", default: "10" },
        json: { type: "boolean", default: false }
      }
    })
    const { json, rounds, stop } = values
    return { json, rounds: wholeNumber("rounds", rounds), stopSeconds: wholeNumber("stop", stop) }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const table = ({ resources, rounds, seconds }: ElectionTrialReport): string =>
  [
    `rounds: ${Object.entries(rounds)
      .map(([fault, count]) => `${count} ${fault}`)
      .join(", ")}; ${seconds.toFixed(0)} s`,
    markdownTable(
      ["resource", "attempts to write", "refused to deposed leaders", "leaderships", "violations"],
      resources.map(({ leaderships, refused, resource, violations, writes }) => [
        resource,
        String(writes),
        String(refused),
        String(leaderships),
        String(violations.length)
      ])
    )
  ].join("\n\n")

const run = async ({ json, ...options }: Exclude<ReturnType<typeof readCommand>, string>) => {
  const fiber = Effect.runFork(electionTrial({ ...options, say: (line) => console.error(line) }))
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => Effect.runFork(Fiber.interrupt(fiber)))
  const exit = await Effect.runPromise(Fiber.await(fiber))
  if (Exit.isFailure(exit)) {
    console.error(Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : Cause.pretty(exit.cause))
    // Timers of the round that was cut short would keep the process.
    process.exit(1)
  }
  const report = exit.value
  console.log(json ? JSON.stringify(report, null, 2) : table(report))
  for (const { refused, resource, violations } of report.resources) {
    for (const violation of violations) console.error(`VIOLATION: ${resource}: ${violation}`)
    if (violations.length > 0) process.exitCode = 1
    if (refused === 0) console.error(`no deposed leader wrote to the ${resource}: run more rounds`)
  }
}

const command = readCommand()
if (typeof command === "string") {
  console.error(`${command}\nusage: npm run trial:election [-- --rounds 100] [--stop 10] [--json]`)
  process.exitCode = 2
} else await run(command)
