/**
 * `npm run sim -- election ...`; without a valid command it says how it is called.
 *
 * Fails, and prints the command that replays it, when a strategy that promises so much had two leaders, broke an invariant or fooled a fenced resource.
 */
import { readCommand, replay, table, usage } from "./election/cli.ts"
import { electionReport, type ElectionRow } from "./election/report.ts"

const command = readCommand(process.argv.slice(2))
if (typeof command === "string") {
  console.error(`${command}\n${usage}`)
  process.exitCode = 2
} else {
  const rows: Array<ElectionRow> = []
  for (const row of electionReport(command)) {
    rows.push(row)
    // A long run shows each line as it comes.
    if (!command.json) console.log(rows.length === 1 ? table(rows) : table(rows).split("\n").at(-1))
    const failed = replay(row)
    if (failed !== undefined) {
      console.error(failed)
      process.exitCode = 1
    }
  }
  if (command.json) console.log(JSON.stringify(rows, null, 2))
}
