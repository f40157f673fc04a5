/**
 * `npm run sim -- election ...` and `npm run sim -- membership ...`; without a valid command it says how it is called.
 *
 * Fails, and prints the command that replays it, when a strategy that promises so much had two leaders, broke an invariant or fooled a fenced
 * resource; or when the membership core broke an invariant or gave up who it must not.
 */
import {
  readCommand as readElection,
  replay as replayElection,
  table as electionTable,
  usage as electionUsage
} from "./election/cli.ts"
import { electionReport } from "./election/report.ts"
import {
  readCommand as readMembership,
  replay as replayMembership,
  table as membershipTable,
  usage as membershipUsage
} from "./membership/cli.ts"
import { membershipReport } from "./membership/report.ts"

/** Prints each row as it comes, for a run may be long, and the replay of the first failure in it. */
const print = <Row>(
  rows: Iterable<Row>,
  {
    json,
    replay,
    table
  }: {
    readonly json: boolean
    readonly table: (rows: ReadonlyArray<Row>) => string
    readonly replay: (row: Row) => string | undefined
  }
): void => {
  const all: Array<Row> = []
  for (const row of rows) {
    all.push(row)
    if (!json) console.log(all.length === 1 ? table(all) : table(all).split("\n").at(-1))
    const failed = replay(row)
    if (failed !== undefined) {
      console.error(failed)
      process.exitCode = 1
    }
  }
  if (json) console.log(JSON.stringify(all, null, 2))
}

const refuse = (wrong: string, ...usages: ReadonlyArray<string>): void => {
  console.error([wrong, ...usages].join("\n"))
  process.exitCode = 2
}

const args = process.argv.slice(2)
if (args[0] === "membership") {
  const command = readMembership(args)
  if (typeof command === "string") refuse(command, membershipUsage)
  else {
    const { json } = command
    print(membershipReport(command), { json, table: membershipTable, replay: replayMembership })
  }
} else {
  const command = readElection(args)
  if (typeof command === "string") refuse(command, electionUsage, membershipUsage)
  else {
    const { json } = command
    print(electionReport(command), { json, table: electionTable, replay: replayElection })
  }
}
