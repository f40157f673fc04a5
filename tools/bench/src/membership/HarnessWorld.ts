/** The SWIM nodes of one harness process. */
import { setTimeout as delay } from "node:timers/promises"

import { Membership, Swim, SwimMembership, type SwimOptionsInput } from "@coterie/membership"
import { swimProfiles, withParity } from "@coterie/membership/core/swim/options"
import { UdpTransport } from "@coterie/membership/transport/udp"
import { Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"

import { FaultyLinks } from "./faultyLinks.ts"
import { monotonicMillis, type Place, type Request, type Sighting, type Stats } from "./protocol.ts"

interface Node {
  readonly membership: Membership["Service"]
  readonly swim: Swim["Service"]
  readonly scope: Scope.Closeable
  /** Others that it holds alive or suspect. */
  readonly seen: Set<string>
}

type Start = Extract<Request, { cmd: "start" }>

/** Nodes in one process, and what they see. */
export class HarnessWorld {
  readonly #links = new FaultyLinks()
  readonly #nodes = new Map<string, Node>()
  #seen: Array<Sighting> = []

  /** Does what the driver says; rejects with a sentence on what is wrong. */
  async handle(request: Request): Promise<object> {
    switch (request.cmd) {
      case "start":
        return this.#start(request)
      case "kill":
        return this.#end(request.name)
      case "leave": {
        const leaving = Effect.timeoutOption(this.#find(request.name).membership.leave, request.timeoutMillis)
        await Effect.runPromise(leaving)
        return this.#end(request.name)
      }
      case "setLink":
        this.#links.set(request)
        return {}
      case "stall":
        await this.#links.nextStream()
        keepBusy(request.millis)
        return {}
      case "stats":
        return this.#stats()
      case "events": {
        const events = this.#seen
        this.#seen = []
        return { events }
      }
      case "stop":
        for (const name of this.#nodes.keys()) await this.#end(name)
        return {}
    }
  }

  async #start(request: Start): Promise<object> {
    for (const [index, place] of request.nodes.entries()) {
      if (index > 0 && request.paceMillis !== undefined) await delay(request.paceMillis)
      await this.#startNode(place, request)
    }
    return {}
  }

  async #startNode({ name, port }: Place, request: Start): Promise<void> {
    const scope = Scope.makeUnsafe()
    const seen = new Set<string>()
    const layer = SwimMembership.layer({ self: name, ...optionsOf(request) }).pipe(
      Layer.provide(this.#links.over(UdpTransport.layer({ port }))),
      Layer.provide(Logger.layer([this.#observer(name, seen)]))
    )
    this.#note("started", name, name)
    const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
    const membership = Context.get(context, Membership)
    this.#nodes.set(name, { membership, swim: Context.get(context, Swim), scope, seen })
  }

  /** From the log, because a stream of changes may lose some of hundreds at once. */
  #observer(name: string, seen: Set<string>): Logger.Logger<unknown, void> {
    return Logger.make(({ message }) => {
      const [text, fields] = Array.isArray(message) ? (message as ReadonlyArray<unknown>) : [message]
      if (text !== "member changed") return
      const { from, member, to } = fields as { member: string; from?: string; to?: string }
      if (member === name) return
      if (to === "suspect") this.#note("suspected", name, member)
      if (isIn(from) === isIn(to)) return
      if (isIn(to)) seen.add(member)
      else seen.delete(member)
      this.#note(isIn(to) ? "joined" : to === "left" ? "left" : "failed", name, member)
    })
  }

  async #end(name: string): Promise<object> {
    const { scope } = this.#find(name)
    this.#nodes.delete(name)
    this.#note("stopped", name, name)
    await Effect.runPromise(Scope.close(scope, Exit.void))
    return {}
  }

  #stats(): Stats {
    const alive: Record<string, number> = {}
    const health: Record<string, number> = {}
    for (const [name, { seen, swim }] of this.#nodes) {
      alive[name] = seen.size + 1
      health[name] = Effect.runSync(swim.health).score
    }
    const { systemCPUTime, userCPUTime } = process.resourceUsage()
    return {
      at: monotonicMillis(),
      alive,
      health,
      ...this.#links.traffic,
      cpuMillis: (userCPUTime + systemCPUTime) / 1000,
      residentBytes: process.memoryUsage.rss()
    }
  }

  #find(name: string): Node {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`no node ${JSON.stringify(name)} in this process`)
    return node
  }

  #note(event: Sighting["event"], observer: string, member: string): void {
    this.#seen.push({ at: monotonicMillis(), event, observer, member })
  }
}

/** Blocks the event loop: nothing is read, no timer runs. */
const keepBusy = (millis: number): void => {
  const end = monotonicMillis() + millis
  while (monotonicMillis() < end);
}

const isIn = (standing: string | undefined): boolean => standing === "alive" || standing === "suspect"

const optionsOf = ({ join, key, profile }: Start): Omit<SwimOptionsInput, "self"> => {
  const base = { cluster: "bench", seeds: join }
  const trust = key === undefined ? { plaintext: true } : { keys: [Redacted.make(key)] as const }
  if (profile !== "parity") return { ...base, ...trust, profile }
  return { ...base, ...trust, profile: "lan", settings: withParity(swimProfiles.lan) }
}
