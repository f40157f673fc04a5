/** Counts what a run shows: how soon the gone are noticed, and who is given up that lives. */
import type { MemberChanged, SwimNews } from "@coterie/membership/core/swim/changes"
import { compareProcesses } from "@coterie/membership/core/swim/memberKey"

import type { Member, Observer, SwimWorld } from "./SwimWorld.ts"

/** Time after a pause for which a member still counts as unresponsive, in ms: its refutation has to travel. */
const graceMillis = 1000

/** A member that went, and when each other noticed. */
interface Going {
  readonly atMillis: number
  readonly noticed: Map<string, number>
}

/** What a run showed of failures. Times are in ms after a member went. */
export interface Detections {
  /** Per member that went: when the first, the median and the last of the others noticed. */
  readonly first: ReadonlyArray<number>
  readonly median: ReadonlyArray<number>
  readonly last: ReadonlyArray<number>
  readonly suspected: number
  /** Running members that nothing was done to, given up; once per observer. */
  readonly falsePositives: number
  /** Those of `falsePositives` whose observer nothing was done to either. */
  readonly falseAtHealthy: number
  /** Running members that did not stand still when, or shortly before, they were given up. */
  readonly givenUpResponsive: number
}

/** Watches the changes that members tell. */
export class Measure implements Observer {
  readonly #members = new Map<string, Member>()
  readonly #going = new Map<string, Going>()
  readonly #now: () => number
  #suspected = 0
  #falsePositives = 0
  #falseAtHealthy = 0
  #givenUpResponsive = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** A process runs under this name. */
  started(member: Member): void {
    this.#members.set(member.id, member)
    this.#going.delete(member.id)
  }

  /** A member dies or begins to leave now. */
  goes({ id }: Member): void {
    this.#going.set(id, { atMillis: this.#now(), noticed: new Map() })
  }

  /** An application hears something. */
  told(observer: Member, news: SwimNews): void {
    if (news._tag !== "MemberChanged") return
    if (news.change === "Suspected") this.#suspected += 1
    if (news.change !== "Failed" && news.change !== "Left") return
    const going = this.#going.get(news.id)
    if (going !== undefined && !going.noticed.has(observer.id)) {
      going.noticed.set(observer.id, this.#now() - going.atMillis)
    }
    if (news.change === "Failed") this.#judge(observer, news)
  }

  /** Pairs of a live observer and a gone member that it has not noticed. */
  unnoticed({ live }: Pick<SwimWorld, "live">): number {
    let missing = 0
    for (const { noticed } of this.#going.values()) {
      for (const { id } of live) if (!noticed.has(id)) missing += 1
    }
    return missing
  }

  /** What was seen so far. */
  result(world: Pick<SwimWorld, "live">): Detections {
    const { live } = world
    const sorted = [...this.#going.values()].map(({ noticed }) =>
      live.flatMap(({ id }) => noticed.get(id) ?? []).toSorted((a, b) => a - b)
    )
    return {
      first: sorted.flatMap((times) => times[0] ?? []),
      median: sorted.flatMap((times) => times[times.length >> 1] ?? []),
      last: sorted.flatMap((times) => times.at(-1) ?? []),
      suspected: this.#suspected,
      falsePositives: this.#falsePositives,
      falseAtHealthy: this.#falseAtHealthy,
      givenUpResponsive: this.#givenUpResponsive
    }
  }

  #judge(observer: Member, { fact }: MemberChanged): void {
    const subject = this.#members.get(fact.id)
    if (subject?.state?.phase !== "member" || compareProcesses(fact, subject.state.self) !== 0) return
    if (subject.pausedUntil + graceMillis < this.#now()) this.#givenUpResponsive += 1
    if (subject.impaired) return
    this.#falsePositives += 1
    if (!observer.impaired) this.#falseAtHealthy += 1
  }
}
