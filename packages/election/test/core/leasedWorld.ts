/** Nodes of a leased quorum that share one clock, and messages that arrive when the script says so. */
import { startLeasedQuorum, stepLeasedQuorum } from "../../src/core/leasedQuorum.ts"
import { transferRefusal } from "../../src/core/leasedQuorumHindrance.ts"
import { explainLeasedQuorum } from "../../src/core/leasedQuorumReasons.ts"
import {
  isLeader,
  knownLeader,
  type LeasedQuorumEffect,
  type LeasedQuorumEvent,
  type LeasedQuorumState
} from "../../src/core/leasedQuorumState.ts"
import type { LeaseMessage } from "../../src/core/leaseMessages.ts"
import { showExplanation } from "../support/showExplanation.ts"

/** The default timing. */
export const leasedTiming = {
  heartbeatMillis: 1000,
  deadAfterMillis: 4000,
  leaseMillis: 4000,
  guardMillis: 200,
  deferMillis: 500,
  cooldownMillis: 120_000,
  reserveMillis: 2000,
  drainMillis: 10_000
}

type Undated = LeasedQuorumEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, "nowMillis">
    : never
  : never

/** A message on its way. */
export interface Flight {
  readonly from: string
  readonly to: string
  readonly message: LeaseMessage
}

export class LeasedWorld {
  nowMillis = 0
  /** Print every message and write, not only what becomes of leadership. */
  verbose = true
  flights: ReadonlyArray<Flight> = []
  readonly members: ReadonlyArray<string>
  readonly nodes = new Map<string, LeasedQuorumState>()
  readonly #disks = new Map<string, number>()
  readonly #cuts = new Set<string>()
  readonly #print: (line: string) => void

  constructor(members: ReadonlyArray<string>, print: (line: string) => void) {
    this.members = members
    this.#print = print
  }

  start(id: string, members = this.members): void {
    this.nodes.set(
      id,
      startLeasedQuorum({
        self: id,
        members,
        timing: leasedTiming,
        promised: this.#disks.get(id) ?? 0,
        nowMillis: this.nowMillis
      })
    )
  }

  crash(id: string): void {
    this.nodes.delete(id)
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}->${to}`)
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}->${to}`)
  }

  tell(id: string, event: Undated): void {
    const before = this.nodes.get(id)
    if (before === undefined) return
    const [after, effects] = stepLeasedQuorum(before, { ...event, nowMillis: this.nowMillis })
    this.nodes.set(id, after)
    for (const effect of effects) this.#perform(id, effect)
  }

  /** Delivers what is on its way between two nodes, or everything and what follows from it. */
  deliver(from?: string, to?: string): void {
    const matches = (flight: Flight) => from === undefined || (flight.from === from && flight.to === to)
    const due = this.flights.filter(matches)
    this.flights = this.flights.filter((flight) => !matches(flight))
    for (const { from, message, to } of due) this.tell(to, { _tag: "Received", from, message })
    if (from === undefined && this.flights.length > 0) this.deliver()
  }

  /** Lets time pass with polls and beats, messages arriving at once; prints only what becomes of leadership. */
  run(millis: number): void {
    this.verbose = false
    const until = this.nowMillis + millis
    while (this.nowMillis < until) {
      this.nowMillis += 100
      for (const id of this.nodes.keys()) {
        if (this.nowMillis % leasedTiming.heartbeatMillis === 0) this.tell(id, { _tag: "Beat" })
        this.tell(id, { _tag: "Poll", random: 0.5 })
        this.deliver()
      }
    }
    this.verbose = true
  }

  views(): ReadonlyArray<string> {
    return [...this.nodes.entries()].map(([id, state]) => {
      const known = knownLeader(state, this.nowMillis)
      const role = isLeader(state, this.nowMillis)
        ? `leads ${known?.epoch} until ${state.role._tag === "Holder" ? state.role.validUntilMillis : "?"}`
        : `${state.role._tag.toLowerCase()}, knows ${known === undefined ? "nobody" : `${known.holder} ${known.epoch}`}`
      return `${id} ${role}, promised ${state.acceptor.promised}`
    })
  }

  explain(id: string): ReadonlyArray<string> {
    const state = this.nodes.get(id)
    return state === undefined ? [] : showExplanation(explainLeasedQuorum(state, this.nowMillis, 0))
  }

  refusal(id: string, to: string): string {
    const state = this.nodes.get(id)
    const refusal = state === undefined ? undefined : transferRefusal(state, to, this.nowMillis)
    return refusal === undefined ? "none" : `${refusal.reason}: ${refusal.detail}`
  }

  #perform(id: string, effect: LeasedQuorumEffect): void {
    switch (effect._tag) {
      case "Persist":
        this.#disks.set(id, effect.promised)
        if (this.verbose) this.#print(`${id} persists ${effect.promised}`)
        return
      case "Send":
        if (this.verbose) this.#print(`${id}->${effect.to} ${describe(effect.message)}`)
        if (!this.#cuts.has(`${id}->${effect.to}`))
          this.flights = [...this.flights, { from: id, to: effect.to, message: effect.message }]
        return
      case "ConfigNews":
        return this.#print(
          `${this.nowMillis} ${id} hears that ${effect.from} has ${effect.other?.difference ?? "our configuration"}`
        )
      case "Lead":
        return this.#print(`${this.nowMillis} ${id} LEADS ${effect.epoch}`)
      case "StopLeading":
        return this.#print(
          `${this.nowMillis} ${id} stops work of ${effect.epoch}: ${effect.stopping.reason}, to ${effect.stopping.to ?? "anybody"}`
        )
      case "Lost":
        return this.#print(`${this.nowMillis} ${id} LOST ${effect.epoch}: ${effect.reason}`)
    }
  }
}

const describe = (message: LeaseMessage): string => {
  switch (message._tag) {
    case "Request":
      return message.kind === "query" ? "query" : `${message.kind} ${message.epoch}`
    case "Answer": {
      const grant = message.grant === null ? "" : `, lent to ${message.grant.holder} ${message.grant.epoch}`
      return `${message.verdict ?? "answer"}${message.epoch > 0 ? ` ${message.epoch}` : ""}${grant}`
    }
    case "Release":
      return `release ${message.epoch}${message.reserveFor === null ? "" : ` for ${message.reserveFor}`}`
  }
}
