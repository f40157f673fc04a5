/** Real agents beside the nodes of a trial, each in its node's network namespace, and what they say they did. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { Decision } from "@coterie/locality"
import { httpAnswer, pollUntil } from "@coterie/tools-engines"
import type { WanNode } from "@coterie/tools-wan"
import { Effect, Schema, type Scope } from "effect"

const bin = fileURLToPath(new URL("../../../../packages/node-agent/src/bin.ts", import.meta.url))
const opsPort = 7480
const peerPort = 7481
/** Bound for a busy machine; an idle one takes a few seconds. */
const startMillis = 300_000
const collectInterval = "2 seconds"
/** More than an agent makes between two readings, also with hundreds of groups. */
const decisionsPerInterval = 300

/** The agents of a trial. Nodes are indexes into the WAN. */
export interface TrialAgents {
  /** Starts the node's agent, with its old state when it ran before, and waits until it has joined the others. */
  start(node: number): Effect.Effect<void>
  /** Ends it in an orderly way, after 10 s by SIGKILL; what it said so far is kept. */
  stop(node: number): Effect.Effect<void>
  /** Asks it, through its API, to give everything away. */
  drain(node: number): Effect.Effect<void>
  /** Every decision so far that asked the engine for a hand-over. */
  readonly handOvers: Effect.Effect<ReadonlyArray<Decision>>
  /** The newest decision of each agent about each group. */
  readonly latest: Effect.Effect<ReadonlyArray<Decision>>
  /** Metrics of all agents as they are now, and of each one that was stopped as they were then. */
  readonly metrics: Effect.Effect<string>
}

/**
 * Starts one agent per node, all of one cluster, with what differs between trials in `settings`; they end with the scope. One after the other, as
 * that many programs that start at once would starve the engines of a small machine. One that does not start is a defect.
 */
export const startAgents = (
  nodes: ReadonlyArray<WanNode>,
  settings: Readonly<Record<string, unknown>>
): Effect.Effect<TrialAgents, never, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-trial-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const fleet = new Fleet(nodes, folder, settings)
    yield* Effect.addFinalizer(() => Effect.promise(() => fleet.stopAll()))
    const all = nodes.map(({ index }) => index)
    yield* Effect.forEach(all, (node) => Effect.promise(() => fleet.start(node)))
    const collect = Effect.promise(() => Promise.all(all.map((node) => fleet.collect(node))))
    yield* Effect.forkScoped(Effect.forever(Effect.delay(collect, collectInterval)))
    return {
      start: (node) => Effect.promise(() => fleet.start(node)),
      stop: (node) => Effect.promise(() => fleet.stop(node)),
      drain: (node) => Effect.promise(() => fleet.drain(node)),
      handOvers: Effect.map(collect, () => [...fleet.handOvers.values()]),
      latest: Effect.sync(() => [...fleet.latest.values()]),
      metrics: Effect.promise(async () =>
        [...fleet.kept, ...(await Promise.all(all.map((node) => fleet.metrics(node))))].join("\n")
      )
    }
  })

const Decisions = Schema.fromJsonString(Schema.Struct({ decisions: Schema.Array(Decision) }))

class Fleet {
  /** By agent, group and time: the same decision is read many times. */
  readonly handOvers = new Map<string, Decision>()
  readonly latest = new Map<string, Decision>()
  /** Metrics of agents at their stop. */
  readonly kept: Array<string> = []
  readonly #nodes: ReadonlyArray<WanNode>
  readonly #folder: string
  readonly #settings: Readonly<Record<string, unknown>>
  readonly #running = new Map<number, ChildProcess>()

  constructor(nodes: ReadonlyArray<WanNode>, folder: string, settings: Readonly<Record<string, unknown>>) {
    this.#nodes = nodes
    this.#folder = folder
    this.#settings = settings
  }

  async start(node: number): Promise<void> {
    const place = this.#place(node)
    const file = join(this.#folder, `${idOf(node)}.yaml`)
    // JSON is YAML; it may hold a password.
    writeFileSync(file, JSON.stringify(this.#configOf(place)), { mode: 0o600 })
    const [command, ...words] = place.execPrefix
    const agent = spawn(
      command,
      [...words, process.execPath, "--conditions=@coterie/source", bin, "agent", "-c", file],
      { stdio: ["ignore", "ignore", process.env["TRIAL_LOGS"] === undefined ? "ignore" : "inherit"] }
    )
    this.#running.set(node, agent)
    await pollUntil(
      async () => {
        const starts = agent.exitCode === null && (await this.#ask(node, "/health/startup")) === ""
        return starts ? `the agent of ${idOf(node)} has not started` : undefined
      },
      { timeoutMillis: startMillis, intervalMillis: 200 }
    )
    if (agent.exitCode !== null) throw new Error(`the agent of ${idOf(node)} ended with ${agent.exitCode}`)
  }

  async stop(node: number): Promise<void> {
    const agent = this.#running.get(node)
    if (agent === undefined) return
    await this.collect(node)
    this.kept.push(await this.metrics(node))
    this.#running.delete(node)
    await end(agent)
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.values()].map(end))
  }

  async drain(node: number): Promise<void> {
    const { body, status } = await httpAnswer(`${this.#url(node)}/health/drain`, { method: "POST" })
    if (status !== 202) throw new Error(`${idOf(node)} does not drain: ${status} ${body}`)
  }

  /** What the node's agent decided lately; an agent that does not answer is asked again soon. */
  async collect(node: number): Promise<void> {
    const body = await this.#ask(node, `/v1/decisions?limit=${decisionsPerInterval}`)
    if (body === "") return
    for (const decision of Schema.decodeUnknownSync(Decisions)(body).decisions) {
      const { action, at, group } = decision
      this.latest.set(`${node} ${group}`, decision)
      if (action._tag === "Transfer") this.handOvers.set(`${node} ${group} ${at}`, decision)
    }
  }

  metrics(node: number): Promise<string> {
    return this.#ask(node, "/metrics")
  }

  async #ask(node: number, path: string): Promise<string> {
    if (!this.#running.has(node)) return ""
    try {
      const { body, status } = await httpAnswer(`${this.#url(node)}${path}`, { timeoutMillis: 5000 })
      return status === 200 ? body : ""
    } catch {
      return ""
    }
  }

  #place(node: number): WanNode {
    const place = this.#nodes[node]
    if (place === undefined) throw new RangeError(`no node ${node}`)
    return place
  }

  #url(node: number): string {
    return `http://${this.#place(node).underlayAddress}:${opsPort}`
  }

  #configOf({ address, index, underlayAddress }: WanNode) {
    return {
      cluster: "trial",
      node: { id: idOf(index), stateFolder: join(this.#folder, "state") },
      peer: { listen: `${address}:${peerPort}` },
      membership: {
        peers: this.#nodes.map((node) => ({
          id: idOf(node.index),
          address: `http://${node.address}:${peerPort}`
        }))
      },
      // The trial reads the API, and drains, from outside the namespace.
      api: { ops: `${underlayAddress}:${opsPort}`, allowPlaintext: true, allowRemoteDrain: true },
      drain: { readinessDelay: "0s" },
      ...this.#settings
    }
  }
}

/** A node's name, for people. */
export const idOf = (node: number): string => `n${node + 1}`

const end = (agent: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (agent.exitCode !== null || agent.signalCode !== null) return resolve()
    const hard = setTimeout(() => agent.kill("SIGKILL"), 10_000)
    agent.once("exit", () => {
      clearTimeout(hard)
      resolve()
    })
    agent.kill("SIGTERM")
  })
