/** Three contender processes that a benchmark or a trial hurts and watches. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

import { freePorts, pollUntil, PollTimeout } from "@coterie/tools-engines"
import { Effect, type Scope } from "effect"

import { boundToUs } from "../boundToUs.ts"
import type {
  ContenderPlace,
  ContenderSettings,
  FailoverTiming,
  FencedResources,
  LeaseStorePlace
} from "./settings.ts"

const script = fileURLToPath(new URL("contender.ts", import.meta.url))

interface Contender {
  readonly settings: ContenderSettings
  readonly prefix: ReadonlyArray<string>
  process: ChildProcess | undefined
  /** What it last said of who leads. */
  leader: string | null
  /** What it last said of its calls to the store. */
  calls: number | undefined
}

/** How a leader goes. */
export type Exit = "kill" | "stop" | "resign"

/** Options of a cluster. */
export interface ContenderClusterOptions {
  readonly timing: FailoverTiming
  /** Where the leases are, for `LeaseElection`. Default: `LeasedQuorumElection`, which has no store. */
  readonly store?: LeaseStorePlace
  /** Where the contenders of a leased quorum listen. Default: free ports on loopback. */
  readonly places?: ReadonlyArray<ContenderPlace>
  /** Words before each contender's command, such as those that enter a network namespace. */
  readonly prefix?: ReadonlyArray<ReadonlyArray<string>>
  /** What the leader keeps writing. Default nothing. */
  readonly resources?: FencedResources
}

const loopback = async (): Promise<ReadonlyArray<ContenderPlace>> =>
  (await freePorts(3)).map((port, index) => ({ id: `n${index + 1}`, host: "127.0.0.1", port }))

/** Starts three contenders and waits until they agree; they end with the scope. Without agreement in half a minute it is a defect. */
export const startContenders = (
  options: ContenderClusterOptions
): Effect.Effect<ContenderCluster, never, Scope.Scope> =>
  Effect.gen(function* () {
    const peers = options.places ?? (yield* Effect.promise(loopback))
    const cluster = yield* Effect.acquireRelease(
      Effect.sync(() => new ContenderCluster(options, peers)),
      (started) => Effect.promise(() => started.close())
    )
    yield* Effect.promise(() => cluster.agreed())
    return cluster
  })

/** A cluster of contenders. */
export class ContenderCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), "coterie-failover-"))
  readonly #contenders: ReadonlyArray<Contender>

  /** Starts one contender per peer. */
  constructor(options: ContenderClusterOptions, peers: ReadonlyArray<ContenderPlace>) {
    const { prefix, resources, store, timing } = options
    this.#contenders = peers.map(({ id }, index) => ({
      settings: {
        self: id,
        timing,
        resources,
        election:
          store === undefined
            ? { strategy: "leasedQuorum", peers, promiseFile: join(this.#folder, id) }
            : { strategy: "lease", store }
      },
      prefix: prefix?.[index] ?? [],
      process: undefined,
      leader: null,
      calls: undefined
    }))
    for (const contender of this.#contenders) this.#spawn(contender)
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

  /**
   * Makes the leader go, measures in ms until another contender says that it leads, and brings the old one back; undefined when nobody else
   * leads within ten seconds.
   */
  async failover(exit: Exit): Promise<number | undefined> {
    const old = await this.agreed()
    const start = performance.now()
    this.hurt(old, exit)
    const followed = await this.otherLeads(old, 10_000).catch((cause: unknown) => {
      if (cause instanceof PollTimeout) return "nobody"
      throw cause
    })
    const took = performance.now() - start
    this.mend(old, exit)
    await this.agreed()
    return followed === "nobody" ? undefined : took
  }

  /** Waits until a contender other than the given one says that it leads. */
  async otherLeads(old: string, timeoutMillis = 30_000): Promise<void> {
    const found = () =>
      this.#contenders.some(({ leader, settings: { self } }) => leader === self && self !== old)
    await pollUntil(async () => (found() ? undefined : "nobody else leads"), {
      timeoutMillis,
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

  /** Calls that all contenders together have made to their store. */
  async storeCalls(): Promise<number> {
    for (const contender of this.#contenders) {
      contender.calls = undefined
      contender.process?.stdin?.write("calls\n")
    }
    await pollUntil(
      async () => (this.#contenders.some(({ calls }) => calls === undefined) ? "no answer" : undefined),
      { timeoutMillis: 10_000, intervalMillis: 5 }
    )
    return this.#contenders.reduce((sum, { calls = 0 }) => sum + calls, 0)
  }

  /** Ends all contenders. */
  async close(): Promise<void> {
    await Promise.all(
      this.#contenders.map(
        ({ process }) =>
          new Promise<void>((resolve) => {
            if (process === undefined || process.exitCode !== null || process.signalCode !== null)
              return resolve()
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
      ...boundToUs,
      process.execPath,
      "--conditions=@coterie/source",
      script,
      JSON.stringify(contender.settings)
    ]
    const child = spawn(words[0] ?? process.execPath, words.slice(1), { stdio: ["pipe", "pipe", "ignore"] })
    contender.process = child
    // Of a contender that was killed while it was being told something.
    child.stdin.on("error", () => {})
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (contender.process !== child || !line.startsWith("{")) return
      const said = JSON.parse(line) as { readonly leader: string | null } | { readonly calls: number }
      if ("calls" in said) contender.calls = said.calls
      else contender.leader = said.leader
    })
  }
}
