/** Three contender processes that a benchmark hurts and watches. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

import { freePorts, pollUntil } from "@coterie/tools-engines"

import type { ContenderPlace, ContenderSettings, FailoverTiming } from "./settings.ts"

const script = fileURLToPath(new URL("contender.ts", import.meta.url))

interface Contender {
  readonly settings: ContenderSettings
  readonly prefix: ReadonlyArray<string>
  process: ChildProcess | undefined
  /** What it last said of who leads. */
  leader: string | null
}

/** How a leader goes. */
export type Exit = "kill" | "stop" | "resign"

/** Options of a cluster. */
export interface LeasedClusterOptions {
  readonly timing: FailoverTiming
  /** Where the contenders listen. Default: free ports on loopback. */
  readonly places?: ReadonlyArray<ContenderPlace>
  /** Words before each contender's command, such as those that enter a network namespace. */
  readonly prefix?: ReadonlyArray<ReadonlyArray<string>>
  /** The leader keeps writing a fenced row. Default false. */
  readonly fenced?: boolean
}

const loopback = async (): Promise<ReadonlyArray<ContenderPlace>> =>
  (await freePorts(3)).map((port, index) => ({ id: `n${index + 1}`, host: "127.0.0.1", port }))

/** A cluster of contenders. */
export class LeasedCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "coterie-failover-"))
  readonly #contenders: ReadonlyArray<Contender>

  private constructor(options: LeasedClusterOptions, peers: ReadonlyArray<ContenderPlace>) {
    const { prefix, timing } = options
    const resourceFile = options.fenced === true ? this.resourceFile : undefined
    this.#contenders = peers.map(({ id }, index) => ({
      settings: { self: id, peers, promiseFile: join(this.#folder, id), timing, resourceFile },
      prefix: prefix?.[index] ?? [],
      process: undefined,
      leader: null
    }))
  }

  /** Starts three contenders and waits until they agree. */
  static async start(options: LeasedClusterOptions): Promise<LeasedCluster> {
    const cluster = new LeasedCluster(options, options.places ?? (await loopback()))
    for (const contender of cluster.#contenders) cluster.#spawn(contender)
    await cluster.agreed()
    return cluster
  }

  /** File of the fenced row. */
  get resourceFile(): string {
    return join(this.#folder, "resource.sqlite")
  }

  /** Process ids of the running contenders. */
  get pids(): ReadonlyArray<number> {
    return this.#contenders.flatMap(({ process }) => process?.pid ?? [])
  }

  /** Waits until every running contender names the same running leader, and returns its id. */
  async agreed(): Promise<string> {
    let leader = ""
    await pollUntil(
      async () => {
        const running = this.#contenders.filter(({ process }) => process !== undefined)
        const named = new Set(running.map((contender) => contender.leader))
        leader = [...named][0] ?? ""
        const agreed = named.size === 1 && running.some(({ settings }) => settings.self === leader)
        return agreed ? undefined : `contenders name ${[...named].join(", ")}`
      },
      { timeoutMillis: 30_000, intervalMillis: 5 }
    )
    return leader
  }

  /** Makes the leader go, measures until another contender says that it leads, and brings the old one back. */
  async failover(exit: Exit): Promise<number> {
    const old = await this.agreed()
    const start = performance.now()
    this.hurt(old, exit)
    await this.otherLeads(old)
    const took = performance.now() - start
    this.mend(old, exit)
    await this.agreed()
    return took
  }

  /** Waits until a contender other than the given one says that it leads. */
  async otherLeads(old: string): Promise<void> {
    const found = () =>
      this.#contenders.some(({ leader, settings: { self } }) => leader === self && self !== old)
    await pollUntil(async () => (found() ? undefined : "nobody else leads"), {
      timeoutMillis: 30_000,
      intervalMillis: 1
    })
  }

  /** Lets a contender go. */
  hurt(id: string, exit: Exit): void {
    const contender = this.#find(id)
    switch (exit) {
      case "kill":
        contender.process?.kill("SIGKILL")
        contender.process = undefined
        contender.leader = null
        return
      case "stop":
        contender.process?.kill("SIGSTOP")
        return
      case "resign":
        contender.process?.stdin?.write("resign\n")
    }
  }

  /** Brings a contender back. */
  mend(id: string, exit: Exit): void {
    const contender = this.#find(id)
    if (exit === "kill") this.#spawn(contender)
    if (exit === "stop") contender.process?.kill("SIGCONT")
  }

  /** Ends all contenders. */
  async close(): Promise<void> {
    await Promise.all(
      this.#contenders.map(
        ({ process }) =>
          new Promise<void>((resolve) => {
            if (process === undefined) return resolve()
            process.once("exit", () => resolve())
            process.kill("SIGKILL")
          })
      )
    )
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #find(id: string): Contender {
    const contender = this.#contenders.find(({ settings }) => settings.self === id)
    if (contender === undefined) throw new Error(`no contender ${id}`)
    return contender
  }

  #spawn(contender: Contender): void {
    const words = [
      ...contender.prefix,
      process.execPath,
      "--conditions=@coterie/source",
      script,
      JSON.stringify(contender.settings)
    ]
    const child = spawn(words[0] ?? process.execPath, words.slice(1), { stdio: ["pipe", "pipe", "ignore"] })
    contender.process = child
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (contender.process === child && line.startsWith("{")) {
        contender.leader = (JSON.parse(line) as { leader: string | null }).leader
      }
    })
  }
}
