import { type GroupEvent, step } from "../../../src/dev/core/embeddedGroup.ts"
/**
 * A seeded world that runs voters of the embedded group: messages are delayed, lost and repeated, voters crash and come back empty.
 *
 * After every step it checks what must never happen and throws; `seed` reproduces a run.
 */
import type { GroupEffect } from "../../../src/dev/core/GroupEffect.ts"
import {
  comparePositions,
  type GroupMessage,
  type GroupSettings,
  type GroupState,
  type Position,
  startGroup
} from "../../../src/dev/core/GroupState.ts"

/** How the network treats messages. */
export interface Faults {
  readonly loss: number
  readonly repeat: number
  readonly delayMillisMax: number
}

type Unmoment<E> = E extends unknown ? Omit<E, "nowMillis" | "draw"> : never

const tickMillis = 25

/** A seeded generator of numbers in [0, 1). */
export const seededDraws = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Timing of the simulated groups. */
export const simulatedSettings = (voters: ReadonlyArray<string>, self: string): GroupSettings => ({
  self,
  voters,
  learners: ["observer"],
  heartbeatMillis: 100,
  electionTimeoutMillis: 1000,
  transferTimeoutMillis: 2000,
  pendingWritesMax: 16
})

const key = ({ term, index }: Position): string => `${term}/${index}`

export class GroupWorld {
  readonly voters: ReadonlyArray<string>
  readonly states = new Map<string, GroupState>()
  readonly outcomes = new Map<number, GroupEffect>()
  readonly leaderOfTerm = new Map<number, string>()
  readonly ignored = new Map<string, number>()
  nowMillis = 0
  faults: Faults = { loss: 0, repeat: 0, delayMillisMax: 50 }
  /** Links that lose everything, as "from>to". */
  readonly cut = new Set<string>()
  /** Once a voter came back empty, acknowledged writes may be lost. */
  someoneForgot = false
  private inFlight: Array<{ readonly at: number; readonly message: GroupMessage }> = []
  private readonly parents = new Map<string, string>()
  private acknowledged: Array<string> = []
  private readonly draw: () => number
  private requests = 0

  constructor(size: number, seed: number, leader = "n1") {
    this.draw = seededDraws(seed)
    this.voters = Array.from({ length: size }, (_, index) => `n${index + 1}`)
    for (const id of [...this.voters, ...simulatedSettings(this.voters, "").learners]) {
      const start = { _tag: "Bootstrap", leader, graceMillis: 1000 } as const
      this.states.set(id, startGroup(simulatedSettings(this.voters, id), start, 0))
    }
  }

  state(id: string): GroupState {
    const state = this.states.get(id)
    if (state === undefined) throw new Error(`${id} is down`)
    return state
  }

  livingVoters(): ReadonlyArray<string> {
    return this.voters.filter((id) => this.states.has(id))
  }

  leaders(): ReadonlyArray<GroupState> {
    return [...this.states.values()].filter(({ role }) => role._tag === "Leader")
  }

  /** The leader that every living voter agrees on, or undefined. */
  agreedLeader(): string | undefined {
    const views = new Set([...this.states.values()].map(({ leader }) => leader))
    const [leader] = views
    return views.size === 1 && leader !== undefined && this.states.get(leader)?.role._tag === "Leader"
      ? leader
      : undefined
  }

  crash(id: string): void {
    this.states.delete(id)
  }

  restart(id: string): void {
    this.someoneForgot = true
    this.states.set(id, startGroup(simulatedSettings(this.voters, id), { _tag: "Restart" }, this.nowMillis))
  }

  /** Cuts every link from and to the voter. */
  isolate(id: string): void {
    for (const other of this.states.keys()) this.cut.add(`${id}>${other}`).add(`${other}>${id}`)
  }

  write(id: string, value = "x"): number {
    const request = (this.requests += 1)
    this.apply(id, { _tag: "Write", request, value })
    return request
  }

  transfer(id: string, target: string): number {
    const request = (this.requests += 1)
    this.apply(id, { _tag: "Transfer", request, target })
    return request
  }

  receive(message: GroupMessage): void {
    this.apply(message.to, { _tag: "Receive", message })
  }

  run(millis: number): void {
    for (const until = this.nowMillis + millis; this.nowMillis < until;) {
      this.nowMillis += tickMillis
      const due = this.inFlight.filter(({ at }) => at <= this.nowMillis)
      this.inFlight = this.inFlight.filter(({ at }) => at > this.nowMillis)
      for (const { message } of due.toSorted((left, right) => left.at - right.at)) {
        if (this.states.has(message.to)) this.receive(message)
      }
      for (const id of this.states.keys()) this.apply(id, { _tag: "Tick" })
    }
  }

  /** Runs until the condition holds; throws after `millis` of simulated time. */
  runUntil(condition: () => boolean, millis: number, what: string): void {
    for (const until = this.nowMillis + millis; !condition();) {
      if (this.nowMillis >= until) throw new Error(`not within ${millis} ms: ${what}`)
      this.run(tickMillis)
    }
  }

  private apply(id: string, event: Unmoment<GroupEvent>): void {
    const before = this.state(id)
    const [after, effects] = step(before, {
      ...event,
      nowMillis: this.nowMillis,
      draw: this.draw()
    })
    this.states.set(id, after)
    this.check(before, after)
    for (const effect of effects) this.perform(after, effect)
  }

  private perform(state: GroupState, effect: GroupEffect): void {
    switch (effect._tag) {
      case "Send":
        return this.send(effect.message)
      case "Ignored":
        this.ignored.set(effect.reason, (this.ignored.get(effect.reason) ?? 0) + 1)
        return
      case "Acknowledged":
        if (!this.someoneForgot) this.acknowledged.push(key({ term: state.term, index: effect.index }))
        this.outcomes.set(effect.request, effect)
        return
      case "TransferStarted":
      case "Refused":
        this.outcomes.set(effect.request, effect)
    }
  }

  private send(message: GroupMessage): void {
    if (this.cut.has(`${message.from}>${message.to}`) || this.draw() < this.faults.loss) return
    const copies = this.draw() < this.faults.repeat ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      this.inFlight.push({ at: this.nowMillis + this.draw() * this.faults.delayMillisMax, message })
    }
  }

  private check(before: GroupState, after: GroupState): void {
    const { self } = after.settings
    if (after.term < before.term)
      throw new Error(`${self} went back from term ${before.term} to ${after.term}`)
    if (after.committed < before.committed)
      throw new Error(`${self} forgot that ${before.committed} was committed`)
    if (comparePositions(after.held, before.held) < 0)
      throw new Error(`${self} went back to ${key(after.held)}`)
    if (after.role._tag !== "Leader") return
    const leader = this.leaderOfTerm.get(after.term) ?? self
    if (leader !== self) throw new Error(`${leader} and ${self} both led term ${after.term}`)
    this.leaderOfTerm.set(after.term, self)
    this.remember(before, after)
    if (before.role._tag !== "Leader" && !this.someoneForgot) this.checkComplete(after)
  }

  private remember(before: GroupState, after: GroupState): void {
    if (comparePositions(after.held, before.held) > 0) this.parents.set(key(after.held), key(before.held))
  }

  /** A new leader builds on every acknowledged write (Raft's Leader Completeness). */
  private checkComplete(leader: GroupState): void {
    const lineage = new Set<string>()
    for (let at: string | undefined = key(leader.held); at !== undefined; at = this.parents.get(at))
      lineage.add(at)
    const lost = this.acknowledged.find((position) => !lineage.has(position))
    if (lost !== undefined)
      throw new Error(`${leader.settings.self} leads without the acknowledged write ${lost}`)
  }
}
