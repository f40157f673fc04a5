/** One harness process, as the driver sees it. */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

import { Schema } from "effect"

import { boundToUs } from "../boundToUs.ts"
import { Events, type Request, type Sighting, Stats } from "./protocol.ts"

/** Compiled modules that harnesses of one kind share: sixteen compilers at once would be the slowest part of a start. */
const environment = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "coterie-bench-modules") }

const Reply = Schema.Struct({
  id: Schema.Int,
  ok: Schema.Boolean,
  error: Schema.optionalKey(Schema.String)
})
const readReply = Schema.decodeUnknownSync(Reply)
const readStats = Schema.decodeUnknownSync(Stats)
const readEvents = Schema.decodeUnknownSync(Events)

/** An answer that takes longer will not come: a system that is overwhelmed must not hold up the benchmark. */
const askMillisMax = 120_000

interface Waiting {
  readonly resolve: (said: unknown) => void
  readonly reject: (error: Error) => void
}

/** A running harness. */
export class HarnessProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, Waiting>()
  readonly #gone: Promise<void>
  #lastId = 0

  /** Starts a program that speaks the protocol. */
  constructor(command: ReadonlyArray<string>) {
    const words = [...boundToUs, ...command]
    this.#child = spawn(words[0] ?? "", words.slice(1), {
      stdio: ["pipe", "pipe", "inherit"],
      env: environment
    })
    // Of a harness that was killed while it was being told something; `exit` tells those who wait.
    this.#child.stdin.on("error", () => {})
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line))
    this.#gone = new Promise((resolve) => {
      const gone = (what: string) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the harness is gone: ${what}`))
        this.#waiting.clear()
        resolve()
      }
      this.#child.once("error", (error) => gone(error.message))
      this.#child.once("exit", (code, signal) => gone(String(signal ?? code)))
    })
  }

  /** Asks, and resolves with the answer; rejects with what the harness says is wrong, when it is gone, and after two minutes. */
  ask(request: Request): Promise<unknown> {
    const id = (this.#lastId += 1)
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        return reject(new Error("the harness is gone"))
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`the harness did not answer "${request.cmd}" within ${askMillisMax / 1000} s`))
      }, askMillisMax)
      const settled = <A>(settle: (result: A) => void) => {
        return (result: A): void => {
          clearTimeout(timer)
          settle(result)
        }
      }
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
      this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  /** Totals since its start. */
  async stats(): Promise<Stats> {
    return readStats(await this.ask({ cmd: "stats" }))
  }

  /** What its nodes saw since the last call. */
  async events(): Promise<ReadonlyArray<Sighting>> {
    return readEvents(await this.ask({ cmd: "events" })).events
  }

  /** Stops the process, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name)
  }

  /** Ends the process, also one that is stopped. */
  async close(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#gone
  }

  #hear(line: string): void {
    const said: unknown = JSON.parse(line)
    const { error, id, ok } = readReply(said)
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (ok) waiting?.resolve(said)
    else waiting?.reject(new Error(error ?? "the harness did not say why"))
  }
}
