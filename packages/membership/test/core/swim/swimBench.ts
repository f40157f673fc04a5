/** One node on a bench: facts and messages go in one at a time, and what it does is read off. */
import { assert } from "@effect/vitest"

import type { SwimNews } from "../../../src/core/swim/changes.ts"
import { takeItems } from "../../../src/core/swim/dissemination.ts"
import type { MemberStanding } from "../../../src/core/swim/memberKey.ts"
import type { MemberFact, MemberRecord } from "../../../src/core/swim/memberRecord.ts"
import { keyAt, shownAs, slotOf } from "../../../src/core/swim/memberTable.ts"
import type { GossipItem, PacketMessage } from "../../../src/core/swim/messages.ts"
import { type SwimOptions, swimProfiles } from "../../../src/core/swim/options.ts"
import { startSwim } from "../../../src/core/swim/startSwim.ts"
import { nextDeadlineMillis, step } from "../../../src/core/swim/swim.ts"
import type { SwimEffect, SwimEvent, SwimState } from "../../../src/core/swim/swimState.ts"
import { randomFrom, recordOf, sizes } from "./swimWorld.ts"

export const evidence = { cause: "silence", helpers: 3, nacks: 3, stream: true, confirmations: 0 } as const
const process = (generation: number) => ({ generation, instance: recordOf("x").instance })
export const alive = (incarnation: number, generation = 1, more: Partial<MemberRecord> = {}): MemberFact =>
  recordOf("x", { incarnation, generation, ...more })
export const suspect = (incarnation: number, by = "y", generation = 1): MemberFact => ({
  kind: "suspect",
  id: "x",
  ...process(generation),
  incarnation,
  by,
  evidence
})
export const dead = (incarnation: number, by = "y", generation = 1): MemberFact => ({
  kind: "dead",
  id: "x",
  ...process(generation),
  incarnation,
  by,
  evidence
})
export const left = (generation = 1): MemberFact => ({
  kind: "left",
  id: "x",
  ...process(generation),
  incarnation: 0,
  by: "x"
})

export class Bench {
  readonly random = randomFrom(1)
  nowMillis = 10_000
  readonly state: SwimState
  effects: ReadonlyArray<SwimEffect> = []

  constructor(options: Partial<SwimOptions> = {}, sizesOf = sizes) {
    this.state = startSwim({
      options: { ...swimProfiles.lan, isolation: false, ...options },
      self: recordOf("me"),
      sizes: sizesOf,
      admit: (record) => (record.metadata["banned"] === undefined ? undefined : "banned"),
      nowMillis: this.nowMillis,
      random: this.random
    })
  }

  tell(event: SwimEvent): void {
    this.effects = step(this.state, event, this.nowMillis, this.random)
  }

  /** Lets time pass, with timely ticks; a round goes on, and no new one begins. */
  pass(millis: number): void {
    const end = this.nowMillis + millis
    while (nextDeadlineMillis(this.state) <= end) {
      this.nowMillis = Math.max(this.nowMillis, nextDeadlineMillis(this.state))
      if (this.state.round === undefined) this.state.due.probe = Infinity
      this.tell({ _tag: "Tick" })
    }
    this.nowMillis = end
  }

  hear(fact: MemberFact, from = "z", afterMillis = 2000): void {
    this.pass(afterMillis)
    takeItems(this.state.queue, Infinity, 1)
    this.receive(from, { _tag: "Gossip" }, [fact])
  }

  receive(from: string, message: PacketMessage, gossip: ReadonlyArray<GossipItem> = []): void {
    this.tell({ _tag: "Received", from, address: `${from}:9`, sealed: true, message, gossip })
  }

  /** Messages of these kinds that the last event sent. */
  sent<Tag extends PacketMessage["_tag"]>(
    tag: Tag
  ): ReadonlyArray<{
    readonly to: string | undefined
    readonly message: Extract<PacketMessage, { _tag: Tag }>
  }> {
    return this.effects.flatMap((effect) =>
      effect._tag === "Send" && effect.message._tag === tag
        ? [{ to: effect.to, message: effect.message as Extract<PacketMessage, { _tag: Tag }> }]
        : []
    )
  }

  get news(): ReadonlyArray<SwimNews["_tag"]> {
    return this.effects.flatMap((effect) => (effect._tag === "Emit" ? [effect.news._tag] : []))
  }

  get changes(): ReadonlyArray<string> {
    return this.effects.flatMap((effect) =>
      effect._tag === "Emit" && effect.news._tag === "MemberChanged"
        ? [`${effect.news.change} ${effect.news.previous ?? "-"}>${effect.news.current ?? "-"}`]
        : []
    )
  }

  get sends(): ReadonlyArray<string> {
    return this.effects.flatMap((effect) => {
      if (effect._tag !== "Send") return []
      const [item] = effect.gossip
      assert(item !== undefined && item.kind !== "user")
      return [`${effect.to}@${effect.address} ${item.kind} ${item.generation}/${item.incarnation}`]
    })
  }

  /** Standing as shown, the key, and whether a suspicion runs. */
  get view(): string {
    const slot = slotOf(this.state.table, "x")
    if (slot === undefined) return "unknown"
    const key = keyAt(this.state.table, slot)
    const shown: MemberStanding | "hidden" = shownAs(this.state.table, slot) ?? "hidden"
    const timer = this.state.table.troubles.get(slot)?.suspicion === undefined ? "" : " timer"
    return `${shown === key?.kind ? shown : `${shown} ${key?.kind}`} ${key?.generation}/${key?.incarnation}${timer}`
  }
}
