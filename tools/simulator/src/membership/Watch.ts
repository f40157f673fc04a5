/**
 * Checks every step of the watched members against the invariants.
 *
 * A view that did not change is the same object as before, so a step costs a comparison of pointers per view. Beyond `watchedMax` members
 * a sample is watched, evenly spread: the copies alone would be as large as the world.
 */
import type { SwimNews } from "@coterie/membership/core/swim/changes"
import type { MemberFact, MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import { shownAs } from "@coterie/membership/core/swim/memberTable"
import type { SwimState, Trouble } from "@coterie/membership/core/swim/swimState"

import {
  Announcements,
  type Complaint,
  countsAreRight,
  EventPaths,
  keyNeverFalls,
  packetFits,
  queueIsBounded
} from "./invariants.ts"
import type { Member, Observer } from "./SwimWorld.ts"

/** Worlds up to this size are watched whole; of larger ones `sampled` members are. */
const watchedMax = 320
const sampled = 100

/** Steps of one member between two counts of all that it holds. */
const countEvery = 64

/** What one process held after its last step. */
interface Shadow {
  readonly records: Array<MemberRecord | undefined>
  readonly troubles: Map<number, Trouble>
  /** Last fact by slot; stays when the member is forgotten. */
  readonly facts: Array<MemberFact | undefined>
  readonly paths: EventPaths
  self: MemberRecord | undefined
  steps: number
}

/** The invariants of a world. */
export class Watch implements Observer {
  /** The first complaint, with who and when; undefined as long as all is well. */
  broken: Complaint
  /** Most facts that waited in one member. */
  queueMax = 0
  readonly #clock: () => number
  readonly #membersMax: () => number
  readonly #announcements = new Announcements()
  readonly #shadows = new Map<Member, Shadow>()

  /** `members` tells how many names there are. */
  constructor(clock: () => number, members: () => number) {
    this.#clock = clock
    this.#membersMax = members
  }

  /** A new process remembers nothing. */
  started(member: Member, { self }: SwimState, known: boolean): void {
    this.#announcements.announced(self)
    if (!isWatched(member, this.#membersMax())) return
    const paths = new EventPaths(known ? "alive" : undefined)
    this.#shadows.set(member, { records: [], troubles: new Map(), facts: [], paths, self, steps: 0 })
  }

  /** An application hears something. */
  told(member: Member, news: SwimNews): void {
    if (news._tag === "Superseded") {
      this.#complain(member, `loses its name to ${news.by.instance} although no two of that name run`)
    }
    if (news._tag !== "MemberChanged") return
    const shadow = this.#shadows.get(member)
    if (shadow !== undefined) this.#complain(member, shadow.paths.complaint(news))
  }

  /** A packet goes out. */
  sent(member: Member, bytes: number): void {
    const { state } = member
    if (state !== undefined) this.#complain(member, packetFits(bytes, state.options.packetBytesMax))
  }

  /** A step is over. */
  stepped(member: Member, state: SwimState): void {
    const { entries } = state.queue
    this.queueMax = Math.max(this.queueMax, entries.size)
    const shadow = this.#shadows.get(member)
    if (shadow === undefined) {
      this.#announcements.announced(state.self)
      return
    }
    if (shadow.self !== state.self) {
      this.#announcements.announced(state.self)
      shadow.self = state.self
    }
    this.#complain(member, queueIsBounded(state, this.#membersMax()))
    this.#compare(member, state, shadow)
    shadow.steps += 1
    if (shadow.steps % countEvery === 0) this.#complain(member, countsAreRight(state.table))
  }

  #compare(member: Member, state: SwimState, shadow: Shadow): void {
    const { records, troubles } = state.table
    for (let slot = 0; slot < records.length; slot += 1) {
      if (records[slot] !== shadow.records[slot]) this.#changed(member, state, shadow, slot)
    }
    if (troubles.size === 0 && shadow.troubles.size === 0) return
    for (const [slot, trouble] of troubles) {
      if (shadow.troubles.get(slot) !== trouble) this.#changed(member, state, shadow, slot)
    }
    for (const slot of shadow.troubles.keys()) {
      if (!troubles.has(slot)) this.#changed(member, state, shadow, slot)
    }
  }

  #changed(member: Member, state: SwimState, shadow: Shadow, slot: number): void {
    const { table } = state
    const record = table.records[slot]
    const trouble = table.troubles.get(slot)
    shadow.records[slot] = record
    if (trouble === undefined) shadow.troubles.delete(slot)
    else shadow.troubles.set(slot, trouble)
    const fact = trouble?.fact ?? record
    if (fact === undefined) return
    this.#complain(member, keyNeverFalls(shadow.facts[slot], fact))
    this.#complain(member, this.#announcements.complaint(fact))
    if (record !== undefined) this.#complain(member, this.#announcements.complaint(record))
    shadow.facts[slot] = fact
    if (slot === state.selfSlot) return
    const shown = shownAs(table, slot)
    const told = shadow.paths.standing(fact.id)
    if (shown !== told) {
      this.#complain(
        member,
        `shows ${fact.id} as ${shown ?? "nothing"}, has told of it as ${told ?? "nothing"}`
      )
    }
  }

  #complain(member: Member, wrong: Complaint): void {
    if (wrong === undefined || this.broken !== undefined) return
    this.broken = `${member.id} at ${this.#clock().toFixed(0)} ms: ${wrong}`
  }
}

const isWatched = ({ index }: Member, members: number): boolean =>
  members <= watchedMax || index % Math.floor(members / sampled) === 0
