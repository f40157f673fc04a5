/** `coterie dev` as a child process of a test: its lines, its end, and whether its nodes still listen. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../../src/bin.ts", import.meta.url))
const pollMillis = 50

/** A running `coterie dev`; disposing of it kills it, which must end its nodes. */
export class DevProcess implements AsyncDisposable {
  readonly stdout: Array<string> = []
  readonly stderr: Array<string> = []
  private readonly child: ChildProcess
  private readonly closed: Promise<ReadonlyArray<unknown>>
  private read = 0

  constructor(...args: ReadonlyArray<string>) {
    this.child = spawn(process.execPath, ["--conditions=@coterie/source", bin, "dev", ...args])
    this.closed = once(this.child, "close")
    for (const [stream, lines] of [
      [this.child.stdout, this.stdout],
      [this.child.stderr, this.stderr]
    ] as const) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => lines.push(line))
    }
  }

  type(keys: string): void {
    this.child.stdin?.write(`${keys}\n`)
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** The exit code once the process has ended and closed its output; null after a signal. */
  async exitCode(): Promise<unknown> {
    const [code] = await this.closed
    return code
  }

  /** Waits for a line after those that were waited for before. */
  async line(pattern: RegExp, millis = 30_000): Promise<ReadonlyArray<string>> {
    const found: Array<RegExpMatchArray> = []
    const look = (): boolean => {
      for (; found.length === 0 && this.read < this.stdout.length; this.read += 1) {
        const match = (this.stdout[this.read] ?? "").match(pattern)
        if (match !== null) found.push(match)
      }
      return found.length > 0
    }
    const seen = () => [...this.stdout, ...this.stderr].join("\n")
    await until(look, millis, () => `no line ${pattern} in\n${seen()}`)
    return found[0] ?? [""]
  }

  /** Where the nodes' APIs listen, from the lines so far. */
  get urls(): ReadonlyArray<string> {
    return this.stdout.flatMap((line) => /: running at (http:\S+)/.exec(line)?.[1] ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL")
    await this.closed
  }
}

/** Polls until the condition holds. */
export const until = async (
  holds: () => boolean | Promise<boolean>,
  millis: number,
  complaint: () => string
): Promise<void> => {
  for (let waited = 0; !(await holds()); waited += pollMillis) {
    if (waited >= millis) throw new Error(`not within ${millis} ms: ${complaint()}`)
    await new Promise((resolve) => setTimeout(resolve, pollMillis))
  }
}

/** Whether somebody answers at the URL. */
export const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/health/live`).then(
    () => true,
    () => false
  )
