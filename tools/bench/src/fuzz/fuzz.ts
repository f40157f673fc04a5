import { readFuzzCommand, usage } from "./readFuzzCommand.ts"
/** `npm run fuzz -- swim [--packets N] [--seed N]`: fails, and prints the command that replays it, when a promise was broken. */
import { fuzzSwim } from "./swimFuzz.ts"

/** More than a node of these bounds, its packets and the compiler need. */
const grownMibMax = 256

const mib = (bytes: number): number => Math.round(bytes / 2 ** 20)

const command = readFuzzCommand(process.argv.slice(2))
if (typeof command === "string") {
  console.error(`${command}\n${usage}`)
  process.exitCode = 2
} else {
  const started = performance.now()
  const before = process.memoryUsage().rss
  let most = before
  const report = fuzzSwim({
    ...command,
    onProgress: () => {
      most = Math.max(most, process.memoryUsage().rss)
    }
  })
  const seconds = (performance.now() - started) / 1000
  most = Math.max(most, process.memoryUsage().rss)
  console.log(
    `swim: ${report.packets} packets, ${report.decoded} of them messages, ${Math.round(report.packets / seconds)}/s, ` +
      `seed ${command.seed}, RSS ${mib(before)} MiB before, ${mib(most)} MiB at most`
  )
  const grown = mib(most - before)
  const broken =
    report.failure === undefined
      ? grown > grownMibMax
        ? `memory grew by ${grown} MiB; at most ${grownMibMax} are allowed`
        : undefined
      : `${report.failure.detail}\npacket ${report.failure.hex}`
  if (broken !== undefined) {
    console.error(
      `FAILED: ${broken}\nreplay with: npm run fuzz -- swim --packets ${report.packets} --seed ${command.seed}`
    )
    process.exitCode = 1
  }
}
