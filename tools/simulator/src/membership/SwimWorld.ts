/**
 * A seeded world of SWIM members, from a handful to 10,000, on one virtual clock.
 *
 * Not the `World` of the elections, whose nodes are few and set named timers: here each member has one wake-up that moves with its core's next
 * deadline, a generator of its own split from the seed by its name, streams beside packets, and an inbox that its core asks for.
 */
import type { SwimNews } from "@coterie/membership/core/swim/changes"
import type { MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import type { PacketSizes } from "@coterie/membership/core/swim/messages"
import type { SwimOptions } from "@coterie/membership/core/swim/options"
import { makeRoster } from "@coterie/membership/core/swim/roster"
import { startSwim } from "@coterie/membership/core/swim/startSwim"
import { nextDeadlineMillis, step } from "@coterie/membership/core/swim/swim"
import type { SwimEffect, SwimEvent, SwimState } from "@coterie/membership/core/swim/swimState"

import { EventQueue } from "../EventQueue.ts"
import { makeRandom, type Random } from "../Random.ts"
import { Links } from "./Links.ts"
import { Streams } from "./Streams.ts"

/** Packets that wait for a process that stands still; a socket buffer of 208 KiB holds about as many small ones, more are lost. */
const inboxMax = 256

/** A place for a member: what stays when its process restarts. */
export interface Member {
  readonly index: number
  readonly id: string
  /** Drives the core: uniform in [0, 1). */
  readonly draw: () => number
  /** Drives the links that it sends on. */
  readonly linkRandom: Random
  address: string
  /** The generation that is kept on its disk. */
  generation: number
  /** Undefined while no process runs. */
  state: SwimState | undefined
  /** Rises with each start and crash: what was scheduled for an earlier life is dropped. */
  life: number
  /** The process stands still until then: no timers, what arrives waits. */
  pausedUntil: number
  /** Nothing gets in or out until then, while timers run. */
  blockedUntil: number
  /** Something was done to this process that others may take for its death. */
  impaired: boolean
  wakeAt: number
  readonly waiting: Array<() => void>
}

/** Looks on. */
export interface Observer {
  /** A process has started; `known` when it holds all members from the start. */
  started?(member: Member, state: SwimState, known: boolean): void
  /** A core has told its application something. */
  told?(member: Member, news: SwimNews): void
  /** A core sends a packet of so many bytes. */
  sent?(member: Member, bytes: number): void
  /** A step is over and its effects are done. */
  stepped?(member: Member, state: SwimState): void
}

/** What a world is made of. */
export interface SwimWorldOptions {
  readonly seed: number
  readonly options: SwimOptions
  readonly sizes: PacketSizes
  readonly observers: ReadonlyArray<Observer>
}

/** How a process starts anew. */
export interface Restart {
  /** What it takes for its generation: one more than before where it was kept, anything where it was lost. */
  readonly generation: number
  readonly address?: string
}

/** A world of members that all run the SWIM core. */
export class SwimWorld {
  readonly random: Random
  readonly links = new Links()
  readonly members: Array<Member> = []
  readonly options: SwimOptions
  /** Packets sent so far. */
  packets = 0
  /** Packets lost because nobody took them from the inbox. */
  overflows = 0
  readonly #seed: number
  readonly #sizes: PacketSizes
  readonly #observers: ReadonlyArray<Observer>
  readonly #roster = makeRoster()
  readonly #queue = new EventQueue<() => void>()
  readonly #byAddress = new Map<string, Member>()
  readonly #streams = new Streams(this)
  #now = 0
  #trace = 0

  constructor({ observers, options, seed, sizes }: SwimWorldOptions) {
    this.#seed = seed
    this.options = options
    this.#sizes = sizes
    this.#observers = observers
    this.random = makeRandom(seed)
  }

  /** Time in ms since the start. */
  get now(): number {
    return this.#now
  }

  /** A hash of all steps, their times and their effects: two runs of one seed have the same. */
  get traceHash(): number {
    return this.#trace >>> 0
  }

  /** Members whose process runs and takes part. */
  get live(): ReadonlyArray<Member> {
    return this.members.filter(({ state }) => state?.phase === "member")
  }

  /** Adds a place; its process does not run yet. */
  add(): Member {
    const index = this.members.length
    const id = `n${index + 1}`
    const random = makeRandom(split(this.#seed, id))
    const member: Member = {
      index,
      id,
      draw: () => random.next(),
      linkRandom: makeRandom(split(this.#seed, `${id} links`)),
      address: `${id}:1`,
      generation: 1,
      state: undefined,
      life: 0,
      pausedUntil: 0,
      blockedUntil: 0,
      impaired: false,
      wakeAt: Infinity,
      waiting: []
    }
    this.members.push(member)
    return member
  }

  /** Adds members that know each other from the start. */
  addConverged(count: number): void {
    const added = Array.from({ length: count }, () => this.add())
    const known = added.map((member) => recordFor(member, 1))
    for (const [index, member] of added.entries()) {
      const self = known[index]
      if (self !== undefined) this.#start(member, self, known)
    }
  }

  /** Starts a process that does not run, and lets it join through seeds. */
  start(member: Member, { address, generation }: Restart, seeds: ReadonlyArray<string>): void {
    if (member.state !== undefined) return
    if (address !== undefined) member.address = address
    this.#start(member, recordFor(member, generation))
    if (seeds.length > 0) this.tell(member, { _tag: "Join", seeds })
  }

  /** Ends a process at once. */
  crash(member: Member): void {
    member.life += 1
    member.state = undefined
    member.pausedUntil = 0
    member.blockedUntil = 0
    member.wakeAt = Infinity
    member.waiting.length = 0
    this.#byAddress.delete(member.address)
  }

  /** Makes a process stand still; its clock goes on, and what arrives waits. */
  pause(member: Member, millis: number): void {
    const { life } = member
    member.impaired = true
    member.pausedUntil = Math.max(member.pausedUntil, this.#now + millis)
    this.at(member.pausedUntil, () => {
      if (member.life === life && this.#now >= member.pausedUntil) this.#resume(member)
    })
  }

  /** Lets nothing in or out of a process whose timers run: what it sends and receives waits. */
  block(member: Member, millis: number): void {
    member.impaired = true
    member.blockedUntil = Math.max(member.blockedUntil, this.#now + millis)
  }

  /** Gives a running process another address. */
  move(member: Member, address: string): void {
    if (member.state === undefined) return
    this.#byAddress.delete(member.address)
    member.address = address
    this.#byAddress.set(address, member)
    this.tell(member, { _tag: "UpdateSelf", change: { address } })
  }

  /** Whose process has this address. */
  memberAt(address: string): Member | undefined {
    return this.#byAddress.get(address)
  }

  /** Does something at a time. */
  at(millis: number, action: () => void): void {
    this.#queue.push(millis, action)
  }

  /** Lets something reach a member after a time, if its process is still the same: later while it is blocked or stands still. */
  reach(member: Member, life: number, millis: number, action: () => void): void {
    this.#queue.push(Math.max(this.#now + millis, member.blockedUntil), () => {
      if (member.life !== life || member.state === undefined) return
      if (this.#now < member.blockedUntil) this.reach(member, life, 0, action)
      else if (this.#now < member.pausedUntil) member.waiting.push(action)
      else action()
    })
  }

  /** Applies an event to a member's core, now or when it goes on. */
  tell(member: Member, event: SwimEvent): void {
    const { state } = member
    if (state === undefined) return
    if (this.#now < member.pausedUntil) {
      member.waiting.push(() => this.tell(member, event))
      return
    }
    const effects = step(state, event, this.#now, member.draw)
    this.#note(member, effects.length)
    let drains = false
    for (const effect of effects) {
      if (effect._tag === "DrainInbox") drains = true
      else this.#do(member, effect)
    }
    for (const observer of this.#observers) observer.stepped?.(member, state)
    // After the other effects, or what the application hears would come out of order.
    if (drains) this.#drain(member)
    this.#wake(member)
  }

  /** Runs until a time. */
  run(untilMillis: number): void {
    for (;;) {
      const next = this.#queue.popUntil(untilMillis)
      if (next === undefined) break
      this.#now = Math.max(this.#now, next.at)
      next.item()
    }
    this.#now = untilMillis
  }

  /** Time in ms until what a member sends now leaves it. */
  holdUp(member: Member): number {
    return Math.max(0, member.blockedUntil - this.#now)
  }

  #start(member: Member, self: MemberRecord, known?: ReadonlyArray<MemberRecord>): void {
    member.life += 1
    member.impaired = false
    member.generation = self.generation
    member.state = startSwim({
      options: this.options,
      self,
      sizes: this.#sizes,
      roster: this.#roster,
      ...(known === undefined ? {} : { known }),
      nowMillis: this.#now,
      random: member.draw
    })
    this.#byAddress.set(member.address, member)
    for (const observer of this.#observers) observer.started?.(member, member.state, known !== undefined)
    this.#wake(member)
  }

  /** Timers that are late run before packets that wait: that is how Node.js does it, and it is the worse order. */
  #resume(member: Member): void {
    if (member.state === undefined) return
    if (nextDeadlineMillis(member.state) <= this.#now) this.tell(member, { _tag: "Tick" })
    this.#drain(member)
    this.#wake(member)
  }

  #drain(member: Member): void {
    for (const action of member.waiting.splice(0)) action()
  }

  #wake(member: Member): void {
    if (member.state === undefined) return
    const due = Math.max(this.#now, nextDeadlineMillis(member.state))
    if (due >= member.wakeAt) return
    member.wakeAt = due
    const { life } = member
    this.#queue.push(due, () => {
      if (member.life !== life || member.wakeAt !== due || member.state === undefined) return
      member.wakeAt = Infinity
      if (this.#now < member.pausedUntil) return
      if (nextDeadlineMillis(member.state) <= this.#now) this.tell(member, { _tag: "Tick" })
      else this.#wake(member)
    })
  }

  #do(member: Member, effect: Exclude<SwimEffect, { _tag: "DrainInbox" }>): void {
    switch (effect._tag) {
      case "Send":
        return this.#send(member, effect)
      case "Emit":
        for (const observer of this.#observers) observer.told?.(member, effect.news)
        return
      case "SaveGeneration":
        member.generation = effect.generation
        return
      case "StreamPing":
        return this.#streams.ping(member, effect)
      case "OpenSync":
        return this.#streams.open(member, effect)
      case "AnswerSync":
        return this.#streams.answer(member, effect)
      case "PushSync":
        return this.#streams.push(member, effect)
    }
  }

  #send(member: Member, { address, gossip, message }: Extract<SwimEffect, { _tag: "Send" }>): void {
    this.packets += 1
    let bytes = this.#sizes.message(message)
    for (const item of gossip) bytes += this.#sizes.item(item)
    for (const observer of this.#observers) observer.sent?.(member, bytes)
    const target = this.#byAddress.get(address)
    if (target === undefined || !this.links.passes(member.index, target.index)) return
    const packet = {
      _tag: "Received",
      from: member.id,
      address: member.address,
      sealed: true,
      message,
      gossip
    } as const
    for (let copies = this.links.copies(member.linkRandom); copies > 0; copies -= 1) {
      this.#deliver(target, this.holdUp(member) + this.links.delay(member.linkRandom), packet)
    }
  }

  #deliver(target: Member, millis: number, packet: SwimEvent): void {
    const { address } = target
    this.#queue.push(Math.max(this.#now + millis, target.blockedUntil), () => {
      if (target.address !== address || target.state === undefined) return
      if (this.#now < target.blockedUntil) this.#deliver(target, 0, packet)
      else if (this.#now >= target.pausedUntil) this.tell(target, packet)
      else if (target.waiting.length < inboxMax) target.waiting.push(() => this.tell(target, packet))
      else this.overflows += 1
    })
  }

  #note({ index }: Member, effects: number): void {
    const mixed = Math.imul(this.#trace ^ Math.floor(this.#now * 1000), 0x01000193)
    this.#trace = Math.imul(mixed ^ (index * 64 + effects), 0x85ebca6b) ^ (mixed >>> 13)
  }
}

const recordFor = ({ address, draw, id }: Member, generation: number): MemberRecord => ({
  kind: "alive",
  id,
  generation,
  instance: Array.from({ length: 4 }, () =>
    Math.floor(draw() * 2 ** 32)
      .toString(16)
      .padStart(8, "0")
  ).join(""),
  incarnation: 0,
  address,
  metadata: {},
  versions: { min: 1, current: 1, max: 1 },
  capabilities: 1
})

/** A seed for a name. */
const split = (seed: number, name: string): number => {
  let hash = seed ^ 0x811c9dc5
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  }
  return hash ^ (hash >>> 15)
}
