/** A cluster of one system on loopback, which a scenario hurts and watches. */
import { setTimeout as delay } from "node:timers/promises"

import { freePorts } from "@coterie/tools-engines"

import { HarnessProcess } from "./HarnessProcess.ts"
import { monotonicMillis, type Place, type Request, type Sighting, type Stats } from "./protocol.ts"
import type { System } from "./systems.ts"

type Start = Extract<Request, { cmd: "start" }>

/** How a cluster is laid out. */
export interface ClusterOptions {
  readonly system: System
  readonly nodes: number
  readonly profile: Start["profile"]
  /** One process per node, which can be stopped alone, instead of one for all. */
  readonly apart: boolean
  /** Seal everything with AES-256-GCM. */
  readonly sealed: boolean
  /** Pause between the starts of two nodes of one process. */
  readonly paceMillis: number
}

/** Any 32 bytes. */
const key = Buffer.alloc(32, "the key of a benchmark").toString("base64")

/** A cluster that has been started. */
export class Cluster {
  readonly places: ReadonlyArray<Place>
  /** When the first node was told to start, in monotonic ms. */
  readonly startedAt: number
  readonly #options: ClusterOptions
  readonly #processes: ReadonlyArray<HarnessProcess>
  #log: ReadonlyArray<Sighting> = []

  private constructor(options: ClusterOptions, ports: ReadonlyArray<number>) {
    this.#options = options
    this.places = ports.map((port, index) => ({ name: `n${index + 1}`, port }))
    const count = options.apart ? options.nodes : 1
    this.#processes = Array.from({ length: count }, () => new HarnessProcess(options.system.command))
    this.startedAt = monotonicMillis()
  }

  /** Starts all nodes, each of which enters through the first three; does not wait until they see each other. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options, await freePorts(options.nodes))
    try {
      await cluster.startNodes(cluster.places)
      return cluster
    } catch (cause) {
      await cluster.close()
      throw cause
    }
  }

  get names(): ReadonlyArray<string> {
    return this.places.map(({ name }) => name)
  }

  /** Starts nodes that do not run; the first is up before the others begin. */
  async startNodes(places: ReadonlyArray<Place>): Promise<void> {
    const { paceMillis, profile, sealed } = this.#options
    const join = this.places.slice(0, 3).map(({ port }) => `127.0.0.1:${port}`)
    const start = async (process: HarnessProcess, nodes: ReadonlyArray<Place>): Promise<void> => {
      await process.ask({ cmd: "start", nodes, join, profile, paceMillis, ...(sealed ? { key } : {}) })
    }
    const [first, ...others] = places
    if (first === undefined) return
    if (!this.#options.apart) return start(this.#processOf(first.name), places)
    await start(this.#processOf(first.name), [first])
    await Promise.all(others.map((place) => start(this.#processOf(place.name), [place])))
  }

  /** Ends a node without a goodbye; returns when it was told to. */
  async kill(name: string): Promise<number> {
    const at = monotonicMillis()
    await this.#processOf(name).ask({ cmd: "kill", name })
    return at
  }

  /** Stops the processes of nodes, or lets them go on; returns when. */
  signal(names: ReadonlyArray<string>, signal: "SIGSTOP" | "SIGCONT"): number {
    const at = monotonicMillis()
    for (const name of names) this.#processOf(name).signal(signal)
    return at
  }

  /**
   * Keeps the process of a node busy for so long, in the middle of a probe whose answers then wait in its sockets; returns when that is over.
   * Ours only. Packets to the node take `answerMillis` meanwhile: longer than the time-out of a direct probe, shorter than its round.
   */
  async stall(name: string, millis: number, answerMillis: number): Promise<void> {
    await this.#slow(name, answerMillis)
    await this.#processOf(name).ask({ cmd: "stall", millis })
    await this.#slow(name, 0)
  }

  /** Cuts all links between two groups, or mends them; returns when. */
  async part(one: ReadonlyArray<string>, other: ReadonlyArray<string>, cut: boolean): Promise<number> {
    const at = monotonicMillis()
    await this.#setLinks(one, other, { delayMillis: 0, cut })
    await this.#setLinks(other, one, { delayMillis: 0, cut })
    return at
  }

  /** Totals of all processes together; none may be stopped. */
  async stats(): Promise<Stats> {
    return sumStats(await Promise.all(this.#processes.map((process) => process.stats())))
  }

  /** Everything that was seen since the start, in order. */
  async log(): Promise<ReadonlyArray<Sighting>> {
    const seen = await Promise.all(this.#processes.map((process) => process.events()))
    this.#log = [...this.#log, ...seen.flat()].toSorted((one, other) => one.at - other.at)
    return this.#log
  }

  /** Looks four times a second until the condition holds or the time is over; tells whether it holds. */
  async until(seconds: number, holds: (stats: Stats) => boolean): Promise<boolean> {
    const end = monotonicMillis() + seconds * 1000
    for (;;) {
      if (holds(await this.stats())) return true
      if (monotonicMillis() >= end) return false
      await delay(250)
    }
  }

  /** Waits until every node sees all of them; tells whether they did. */
  converged(seconds: number): Promise<boolean> {
    const count = this.names.length
    return this.until(seconds, ({ alive }) => {
      const counts = Object.values(alive)
      return counts.length === count && counts.every((seen) => seen === count)
    })
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.close()))
  }

  async #slow(name: string, delayMillis: number): Promise<void> {
    const others = this.names.filter((other) => other !== name)
    await this.#setLinks(others, [name], { delayMillis, cut: false })
  }

  async #setLinks(
    from: ReadonlyArray<string>,
    to: ReadonlyArray<string>,
    link: { readonly delayMillis: number; readonly cut: boolean }
  ): Promise<void> {
    const portsOf = (group: ReadonlyArray<string>) =>
      this.places.filter(({ name }) => group.includes(name)).map(({ port }) => port)
    for (const process of this.#processes) {
      await process.ask({ cmd: "setLink", from: portsOf(from), to: portsOf(to), loss: 0, ...link })
    }
  }

  #processOf(name: string): HarnessProcess {
    const index = this.#options.apart ? this.names.indexOf(name) : 0
    const process = this.#processes[index]
    if (process === undefined) throw new Error(`no node ${name}`)
    return process
  }
}

/** One view of several processes. */
const sumStats = (all: ReadonlyArray<Stats>): Stats => {
  const sum = (of: (stats: Stats) => number): number => all.reduce((total, stats) => total + of(stats), 0)
  return {
    at: Math.max(...all.map(({ at }) => at)),
    alive: merged(all.map(({ alive }) => alive)),
    health: merged(all.map(({ health }) => health)),
    datagramsOut: sum(({ datagramsOut }) => datagramsOut),
    bytesOut: sum(({ bytesOut }) => bytesOut),
    streamsOut: sum(({ streamsOut }) => streamsOut),
    cpuMillis: sum(({ cpuMillis }) => cpuMillis),
    residentBytes: sum(({ residentBytes }) => residentBytes)
  }
}

const merged = (all: ReadonlyArray<Readonly<Record<string, number>>>): Readonly<Record<string, number>> =>
  Object.fromEntries(all.flatMap((one) => Object.entries(one)))
