/** Real processes of SWIM members, as a test sees them. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { Effect } from "effect"

import type { MemberState, SwimOptionsInput } from "../../src/index.ts"
import { eventually } from "./swimCluster.ts"

/** How a process is started; keys by the name of `keyOf`. */
export type SwimSetup = Omit<SwimOptionsInput, "keys"> & {
  readonly keys: ReadonlyArray<string>
  readonly port: number
}

/** What a parent says. */
export type Order =
  | { readonly kind: "cut"; readonly addresses: ReadonlyArray<string> }
  | { readonly kind: "heal" | "leave" | "refusals" }
  | { readonly kind: "install" | "use" | "remove"; readonly key: string }

/** What a process tells. */
export type Report =
  | { readonly kind: "ready"; readonly address: string }
  | { readonly kind: "states"; readonly states: Record<string, MemberState> }
  | { readonly kind: "change"; readonly id: string; readonly text: string; readonly reason: string }
  | { readonly kind: "refusals"; readonly counts: Record<string, number> }
  | { readonly kind: "done" }

/** Compiled modules that the processes share: sixteen compilers at once would be the slowest part of a test. */
const cache = join(tmpdir(), "coterie-swim-modules")

const program = fileURLToPath(new URL("swimProcess.ts", import.meta.url))

export class SwimProcess {
  readonly self: string
  address = ""
  states: Record<string, MemberState> = {}
  /** Every change that was told, as text. */
  readonly changes: Array<string> = []
  refusals: Record<string, number> = {}
  readonly #child: ChildProcess
  #done = 0

  constructor(setup: SwimSetup) {
    this.self = setup.self
    this.#child = spawn(process.execPath, ["--conditions=@coterie/source", program, JSON.stringify(setup)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, NODE_COMPILE_CACHE: cache }
    })
    this.#child.on("message", (report: Report) => this.#hear(report))
  }

  get port(): number {
    return Number(this.address.split(":")[1])
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  readonly kill = Effect.promise(async () => {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await exit
  })

  /** Says something, and waits until it is done. */
  order(order: Order): Effect.Effect<void> {
    return Effect.suspend(() => {
      const before = this.#done
      this.#child.send(order)
      return eventually(Effect.sync(() => this.#done > before))
    })
  }

  sees(state: MemberState, ids: ReadonlyArray<string>): boolean {
    return ids.every((id) => this.states[id] === state)
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case "ready":
        this.address = report.address
        return
      case "states":
        this.states = report.states
        return
      case "change":
        this.changes.push(`${this.self}: ${report.id} ${report.text} (${report.reason})`)
        return
      case "refusals":
        this.refusals = report.counts
        return
      case "done":
        this.#done += 1
    }
  }
}

/** Starts processes that end with the scope. */
export const startProcess = (setup: SwimSetup) =>
  Effect.gen(function* () {
    const started = yield* Effect.acquireRelease(
      Effect.sync(() => new SwimProcess(setup)),
      ({ kill }) => kill
    )
    yield* eventually(Effect.sync(() => started.address !== ""))
    return started
  })
