/** The owner's side of the hub process: starts it, asks it, and waits for its end. */
import { type ChildProcess, fork } from "node:child_process"
import { extname, join } from "node:path"

import type { Reply, Request } from "./hub/protocol.ts"

/** What the owner asks, less the number that pairs question and answer. */
export type Question =
  Extract<Request, { readonly id: number }> extends infer Each
    ? Each extends Request
      ? Omit<Each, "id">
      : never
    : never

/** Milliseconds a hub may take to make the namespaces. */
const startTimeoutMillis = 60_000

/** A hub process. */
export class Hub {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #asked = 0
  #errors = ""

  /** Starts the process, in a process group of its own: it must outlive a killed owner, to clean up. */
  constructor() {
    // The same file runs from `src` and, built, from `dist`.
    const main = join(import.meta.dirname, `hubProcess${extname(import.meta.filename)}`)
    this.#child = fork(main, [], { stdio: ["ignore", "ignore", "pipe", "ipc"], detached: true, execArgv: [] })
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString("utf8")).slice(-4000)
    })
    this.#child.on("message", (reply: Reply) => {
      const id = "id" in reply ? reply.id : 0
      this.#waiting.get(id)?.(reply)
      this.#waiting.delete(id)
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => {
        const problem = `its process ended: ${this.#errors.trim()}`
        for (const settle of this.#waiting.values()) settle({ kind: "failed", problem })
        this.#waiting.clear()
        resolve()
      })
    })
  }

  /** The process id. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Makes the namespaces; answers `ready` or `failed`. */
  start(request: Extract<Request, { kind: "start" }>): Promise<Reply> {
    const timer = setTimeout(() => this.#child.kill("SIGTERM"), startTimeoutMillis)
    return this.#exchange(0, request).finally(() => clearTimeout(timer))
  }

  /** Asks; the answer is `failed` when the hub has ended. */
  ask(question: Question): Promise<Reply> {
    this.#asked++
    return this.#exchange(this.#asked, { ...question, id: this.#asked })
  }

  /** Lets the hub clean up, and waits until its process is gone. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.send({ kind: "close" } satisfies Request)
    await this.#ended
  }

  #exchange(id: number, request: Request): Promise<Reply> {
    if (!this.#child.connected) return Promise.resolve({ kind: "failed", problem: "its process has ended" })
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.send(request)
    })
  }
}
