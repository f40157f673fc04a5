/** A few nodes that share one virtual clock, and a network that loses, delays and cuts as the test says. */
import { assert } from "@effect/vitest"

import type { MemberChanged, SwimNews } from "../../../src/core/swim/changes.ts"
import { explainChange } from "../../../src/core/swim/explain.ts"
import type { MemberRecord } from "../../../src/core/swim/memberRecord.ts"
import type { PacketSizes, PingTarget, SyncAnswer, SyncRefused } from "../../../src/core/swim/messages.ts"
import { type SwimOptions, swimProfiles } from "../../../src/core/swim/options.ts"
import { isMe } from "../../../src/core/swim/probe.ts"
import { startSwim } from "../../../src/core/swim/startSwim.ts"
import { nextDeadlineMillis, step } from "../../../src/core/swim/swim.ts"
import type { SwimEffect, SwimEvent, SwimState } from "../../../src/core/swim/swimState.ts"
import { memberViews } from "../../../src/core/swim/view.ts"

/** Numbers in [0, 1) that only depend on the seed. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Plain sizes: what a compact codec would need, about. */
export const sizes: PacketSizes = {
  message: () => 64,
  item: (item) => (item.kind === "alive" ? 90 : item.kind === "user" ? 40 + item.payload.length : 60)
}

/** An announcement; its instance is 32 digits made from `process`. */
export const recordOf = (
  id: string,
  more: Partial<MemberRecord> & { process?: number } = {}
): MemberRecord => {
  const { process = 1, ...rest } = more
  return {
    kind: "alive",
    id,
    generation: 1,
    instance: process.toString(16).padStart(8, "0").padEnd(32, "0"),
    incarnation: 0,
    address: `${id}:1`,
    metadata: {},
    versions: { min: 1, current: 1, max: 1 },
    capabilities: 1,
    ...rest
  }
}

interface Node {
  readonly state: SwimState
  readonly news: Array<SwimNews>
  /** Timers do not run and packets wait until then. */
  pausedUntil: number
  readonly waiting: Array<SwimEvent>
  dead: boolean
}

/** How packets travel. */
export interface Weather {
  readonly loss: number
  readonly delayMillis: readonly [number, number]
  readonly duplicate: number
}

export class SwimWorld {
  nowMillis = 1000
  weather: Weather = { loss: 0, delayMillis: [1, 5], duplicate: 0 }
  streamsWork = true
  packetsWork = true
  readonly nodes = new Map<string, Node>()
  readonly options: SwimOptions
  readonly seed: number
  packets = 0
  bytesMax = 0
  /** Called after every step of a node. */
  afterStep: (id: string) => void = () => undefined
  readonly #random: () => number
  readonly #cuts = new Set<string>()
  #events: Array<{ readonly at: number; readonly order: number; readonly run: () => void }> = []
  #order = 0
  #exchanges = 0

  constructor(options: Partial<SwimOptions> = {}, seed = Math.floor(Math.random() * 2 ** 32)) {
    this.options = { ...swimProfiles.lan, ...options }
    this.seed = seed
    this.#random = randomFrom(seed)
  }

  /** Starts a node under a name that is its id unless `more` says otherwise, and lets it join through the first node that runs. */
  start(id: string, more: Parameters<typeof recordOf>[1] = {}, seeds?: ReadonlyArray<string>): void {
    const self = recordOf(id, { process: Math.floor(this.#random() * 2 ** 31), ...more })
    const through =
      seeds ??
      [...this.nodes.values()]
        .filter(({ dead, state }) => !dead && state.self.id !== id && state.phase === "member")
        .slice(0, 1)
        .map(({ state }) => state.self.address)
    const state = startSwim({
      options: this.options,
      self,
      sizes,
      nowMillis: this.nowMillis,
      random: this.#random
    })
    this.nodes.set(id, { state, news: [], pausedUntil: 0, waiting: [], dead: false })
    if (through.length > 0) this.tell(id, { _tag: "Join", seeds: through })
  }

  startMany(count: number): ReadonlyArray<string> {
    const ids = Array.from({ length: count }, (_, index) => `n${index + 1}`)
    for (const id of ids) {
      this.start(id)
      this.run(50)
    }
    this.until(() => ids.every((id) => this.alive(id).length === count), 20_000, "all have joined")
    return ids
  }

  kill(id: string): void {
    this.node(id).dead = true
  }

  pause(id: string, millis: number): void {
    this.node(id).pausedUntil = this.nowMillis + millis
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  part(one: ReadonlyArray<string>, other: ReadonlyArray<string>): void {
    for (const a of one)
      for (const b of other) {
        this.cut(a, b)
        this.cut(b, a)
      }
  }

  heal(): void {
    this.#cuts.clear()
  }

  node(id: string): Node {
    const node = this.nodes.get(id)
    assert(node !== undefined, `no node ${id}`)
    return node
  }

  state(id: string): SwimState {
    return this.node(id).state
  }

  alive(id: string): ReadonlyArray<string> {
    return this.standing(id, "alive")
  }

  standing(id: string, standing: string): ReadonlyArray<string> {
    return memberViews(this.state(id))
      .filter((view) => view.standing === standing)
      .map((view) => view.id)
      .toSorted()
  }

  changes(id: string): ReadonlyArray<MemberChanged> {
    return this.node(id).news.flatMap((news) => (news._tag === "MemberChanged" ? [news] : []))
  }

  /** Every change of these names that any node has told, as text. */
  told(...names: ReadonlyArray<MemberChanged["change"]>): ReadonlyArray<string> {
    return [...this.nodes.keys()].flatMap((id) =>
      this.changes(id)
        .filter(({ change }) => names.includes(change))
        .map(
          (change) =>
            `${Math.round(change.atMillis)} ${id}: ${change.id} ${change.change} (${explainChange(change)})`
        )
    )
  }

  forgetNews(): void {
    for (const { news } of this.nodes.values()) news.length = 0
  }

  tell(id: string, event: SwimEvent): void {
    const node = this.node(id)
    if (node.dead) return
    if (this.nowMillis < node.pausedUntil) {
      node.waiting.push(event)
      return
    }
    const effects = step(node.state, event, this.nowMillis, this.#random)
    this.afterStep(id)
    for (const effect of effects) this.#do(id, effect)
  }

  /** Lets time pass, to the next thing that happens and no further than the limit. */
  run(millis: number): void {
    const end = this.nowMillis + millis
    for (;;) {
      const event = this.#events[0]
      const timers = [...this.nodes].flatMap(([id, { dead, pausedUntil, state }]) =>
        dead ? [] : [{ id, at: Math.max(pausedUntil, nextDeadlineMillis(state)) }]
      )
      const timer = timers.reduce<{ id: string; at: number } | undefined>(
        (best, one) => (best === undefined || one.at < best.at ? one : best),
        undefined
      )
      const at = Math.min(event?.at ?? Infinity, timer?.at ?? Infinity)
      if (at > end) break
      this.nowMillis = Math.max(this.nowMillis, at)
      if (event !== undefined && event.at === at) {
        this.#events.shift()
        event.run()
      } else if (timer !== undefined) this.tell(timer.id, { _tag: "Tick" })
    }
    this.nowMillis = end
  }

  /** Runs until the condition holds and returns how long that took; fails when it takes longer than the limit. */
  until(condition: () => boolean, limitMillis: number, what: string): number {
    const start = this.nowMillis
    while (!condition()) {
      if (this.nowMillis - start > limitMillis) {
        assert.fail(`seed ${this.seed}: not within ${limitMillis} ms: ${what}\n${this.describe()}`)
      }
      this.run(20)
    }
    return this.nowMillis - start
  }

  describe(): string {
    return [...this.nodes.keys()]
      .map(
        (id) =>
          `${id} ${this.node(id).dead ? "(dead) " : ""}${this.state(id).phase}: ${memberViews(this.state(id))
            .map((view) => `${view.id} ${view.standing} ${view.fact.generation}/${view.fact.incarnation}`)
            .join(", ")}`
      )
      .join("\n")
  }

  #later(millis: number, run: () => void): void {
    const event = { at: this.nowMillis + millis, order: (this.#order += 1), run }
    const index = this.#events.findLastIndex((other) => other.at <= event.at)
    this.#events.splice(index + 1, 0, event)
  }

  #delay(): number {
    const [least, most] = this.weather.delayMillis
    return least + this.#random() * (most - least)
  }

  #passes(from: string, to: string): boolean {
    return !this.#cuts.has(`${from}>${to}`)
  }

  #at(address: string): string | undefined {
    return [...this.nodes].find(([, { dead, state }]) => !dead && state.self.address === address)?.[0]
  }

  #do(id: string, effect: SwimEffect): void {
    switch (effect._tag) {
      case "Send":
        return this.#send(id, effect)
      case "StreamPing":
        return this.#streamPing(id, effect)
      case "OpenSync":
        return this.#sync(id, effect)
      case "Emit":
        this.node(id).news.push(effect.news)
        return
      case "DrainInbox": {
        const { waiting } = this.node(id)
        for (const event of waiting.splice(0)) this.tell(id, event)
        return
      }
      case "AnswerSync":
      case "PushSync":
        return this.#streams.get(`${effect._tag} ${effect.exchange} ${id}`)?.(effect)
      case "SaveGeneration":
        return
    }
  }

  readonly #streams = new Map<
    string,
    (effect: Extract<SwimEffect, { _tag: "AnswerSync" | "PushSync" }>) => void
  >()

  #send(from: string, { address, gossip, message }: Extract<SwimEffect, { _tag: "Send" }>): void {
    this.packets += 1
    const bytes = sizes.message(message) + gossip.reduce((sum, item) => sum + sizes.item(item), 0)
    this.bytesMax = Math.max(this.bytesMax, bytes)
    assert.isAtMost(bytes, this.options.packetBytesMax)
    const { address: back, id } = this.state(from).self
    const copies = this.#random() < this.weather.duplicate ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random() < this.weather.loss) continue
      this.#later(this.#delay(), () => {
        const to = this.#at(address)
        if (to === undefined || !this.packetsWork || !this.#passes(from, to)) return
        this.tell(to, { _tag: "Received", from: id, address: back, sealed: true, message, gossip })
      })
    }
  }

  #reaches(from: string, address: string): string | undefined {
    const to = this.#at(address)
    const open = to !== undefined && this.streamsWork && this.#passes(from, to) && this.#passes(to, from)
    return open && this.nowMillis >= this.node(to).pausedUntil ? to : undefined
  }

  #streamPing(
    from: string,
    {
      address,
      seq,
      target,
      timeoutMillis
    }: { address: string; seq: number; target: PingTarget; timeoutMillis: number }
  ): void {
    this.#later(this.#delay() * 3, () => {
      const to = this.#reaches(from, address)
      if (to === undefined) {
        this.#later(timeoutMillis, () => this.tell(from, { _tag: "StreamPinged", seq, answer: "silence" }))
      } else {
        const answer = isMe(this.state(to), target) ? "ack" : "not_me"
        this.#later(this.#delay(), () => this.tell(from, { _tag: "StreamPinged", seq, answer }))
      }
    })
  }

  #sync(
    from: string,
    { address, exchange, request, timeoutMillis }: Extract<SwimEffect, { _tag: "OpenSync" }>
  ): void {
    const inbound = (this.#exchanges += 1)
    const fail = (after: number, refused: boolean, detail: string) =>
      this.#later(after, () => this.tell(from, { _tag: "SyncFailed", exchange, refused, detail }))
    this.#later(this.#delay() * 3, () => {
      const to = this.#reaches(from, address)
      if (to === undefined) return fail(timeoutMillis, false, `no answer from ${address}`)
      this.#streams.set(`AnswerSync ${inbound} ${to}`, (effect) => {
        this.#streams.delete(`AnswerSync ${inbound} ${to}`)
        if (effect._tag !== "AnswerSync") return
        const { answer } = effect
        if (answer._tag === "SyncRefused") return fail(this.#delay(), true, answer.reason)
        this.#later(this.#delay(), () => this.#answer(from, to, exchange, answer))
      })
      this.tell(to, { _tag: "SyncRequested", exchange: inbound, request })
    })
  }

  #answer(from: string, to: string, exchange: number, answer: Exclude<SyncAnswer, SyncRefused>): void {
    this.#streams.set(`PushSync ${exchange} ${from}`, (effect) => {
      if (effect._tag !== "PushSync") return
      const { entries } = effect.push
      this.#later(this.#delay(), () =>
        this.tell(to, { _tag: "SyncEntries", exchange: undefined, from, entries, differing: [], last: true })
      )
    })
    const half = Math.ceil(answer.entries.length / 2)
    const part = { _tag: "SyncEntries", exchange, from: to, differing: answer.differing } as const
    this.tell(from, { ...part, entries: answer.entries.slice(0, half), last: false })
    this.tell(from, { ...part, entries: answer.entries.slice(half), last: true })
  }
}
