/**
 * What must hold in every member at all times, as checks that each say what is wrong, or nothing.
 *
 * They compare keys by a rule of their own, so that a mistake in the core's order shows here.
 */
import type { ChangeName, MemberChanged } from "@coterie/membership/core/swim/changes"
import type { MemberKey, MemberStanding } from "@coterie/membership/core/swim/memberKey"
import type { MemberFact, MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import type { MemberTable, SwimState } from "@coterie/membership/core/swim/swimState"

/** What a check has to say. */
export type Complaint = string | undefined

const ranks = { alive: 0, suspect: 1, dead: 2, left: 0 } as const

/** Whether a key comes before another: by generation, instance, goodbye, incarnation and standing. */
export const isBelow = (one: MemberKey, other: MemberKey): boolean => {
  if (one.generation !== other.generation) return one.generation < other.generation
  if (one.instance !== other.instance) return one.instance < other.instance
  if ((one.kind === "left") !== (other.kind === "left")) return other.kind === "left"
  if (one.incarnation !== other.incarnation) return one.incarnation < other.incarnation
  return ranks[one.kind] < ranks[other.kind]
}

/** A key in text. */
export const keyText = ({ generation, incarnation, instance, kind }: MemberKey): string =>
  `${kind} ${generation}/${instance.slice(0, 4)}/${incarnation}`

/** What an observer holds about a subject never goes down. */
export const keyNeverFalls = (before: MemberFact | undefined, now: MemberFact): Complaint =>
  before !== undefined && before.id === now.id && isBelow(now, before)
    ? `${now.id} falls from ${keyText(before)} to ${keyText(now)}`
    : undefined

/** Only a member itself raises its incarnation and generation: nobody holds what it did not announce. */
export class Announcements {
  readonly #highest = new Map<string, number>()

  /** A member says this of itself. */
  announced(self: MemberRecord): void {
    const process = processOf(self)
    this.#highest.set(process, Math.max(self.incarnation, this.#highest.get(process) ?? 0))
  }

  /** Somebody holds this. */
  complaint(fact: MemberFact): Complaint {
    const highest = this.#highest.get(processOf(fact))
    return highest === undefined || fact.incarnation > highest
      ? `${fact.id} is held at ${keyText(fact)}, which it never announced (highest: ${highest ?? "none"})`
      : undefined
  }
}

const processOf = ({ generation, id, instance }: MemberFact): string => `${id} ${generation} ${instance}`

/** From where each change may start; `unseen` is a member that is not shown. */
const from: Readonly<Record<ChangeName, ReadonlyArray<MemberStanding | "unseen">>> = {
  Joined: ["unseen", "left"],
  Updated: ["alive", "suspect"],
  Restarted: ["alive", "suspect", "dead"],
  Suspected: ["alive"],
  Recovered: ["suspect", "dead"],
  Failed: ["alive", "suspect"],
  Left: ["alive", "suspect", "dead"],
  Reaped: ["suspect", "dead", "left"]
}

const to: Readonly<Record<ChangeName, MemberStanding | undefined>> = {
  Joined: "alive",
  Updated: undefined,
  Restarted: "alive",
  Suspected: "suspect",
  Recovered: "alive",
  Failed: "dead",
  Left: "left",
  Reaped: undefined
}

/**
 * The changes that one process tells of its members are paths in the state machine: each starts where the last one ended, the dead and
 * left come back at a greater key only, and each process leaves once.
 */
export class EventPaths {
  readonly #last = new Map<
    string,
    { readonly standing: MemberStanding | undefined; readonly fact?: MemberFact }
  >()
  readonly #left = new Set<string>()
  readonly #first: MemberStanding | undefined

  /** `first` is the standing of all who were never told of. */
  constructor(first: MemberStanding | undefined) {
    this.#first = first
  }

  /** How a member was last told to stand. */
  standing(id: string): MemberStanding | undefined {
    const last = this.#last.get(id)
    return last === undefined ? this.#first : last.standing
  }

  /** Takes a change in. */
  complaint(change: MemberChanged): Complaint {
    const last = this.standing(change.id)
    const wrong =
      this.#wrongPath(change, last) ?? this.#resurrection(change, last) ?? this.#secondLeave(change)
    this.#last.set(change.id, { standing: change.current, fact: change.fact })
    return wrong === undefined
      ? undefined
      : `${change.id} ${change.change} at ${keyText(change.fact)}: ${wrong}`
  }

  #wrongPath({ change, current, previous }: MemberChanged, last: MemberStanding | undefined): Complaint {
    if (previous !== last) return `starts from ${previous}, it was ${last}`
    if (!from[change].includes(previous ?? "unseen")) return `cannot start from ${previous ?? "unseen"}`
    const end = to[change] ?? (change === "Updated" ? previous : undefined)
    return current === end ? undefined : `ends at ${current}, not ${end}`
  }

  #resurrection({ current, fact, id }: MemberChanged, last: MemberStanding | undefined): Complaint {
    const before = this.#last.get(id)?.fact
    const isBack = (last === "dead" || last === "left") && (current === "alive" || current === "suspect")
    if (!isBack || before === undefined || isBelow(before, fact)) return undefined
    return `comes back from ${keyText(before)}`
  }

  #secondLeave({ change, fact }: MemberChanged): Complaint {
    if (change !== "Left") return undefined
    const process = processOf(fact)
    if (this.#left.has(process)) return "leaves a second time"
    this.#left.add(process)
    return undefined
  }
}

/** A packet is never larger than allowed. */
export const packetFits = (bytes: number, bytesMax: number): Complaint =>
  bytes > bytesMax ? `sends ${bytes} bytes, more than ${bytesMax}` : undefined

/** At most one fact per member waits to be told; `user` events come on top. */
export const queueIsBounded = ({ queue }: Pick<SwimState, "queue">, membersMax: number): Complaint => {
  const facts = queue.entries.size - queue.userEvents
  return facts > membersMax ? `queues ${facts} facts about ${membersMax} members` : undefined
}

/** The counts beside the views are those of the views. */
export const countsAreRight = (table: MemberTable): Complaint => {
  const counts = { alive: 0, suspect: 0, dead: 0, left: 0, hidden: 0 }
  for (const { fact, hidden, shown } of table.troubles.values()) {
    counts[hidden ? (shown ?? "hidden") : fact.kind] += 1
  }
  for (const [slot, record] of table.records.entries()) {
    if (record !== undefined && !table.troubles.has(slot)) counts.alive += 1
  }
  const held = [table.present, table.suspects, table.dead, table.left, table.ghosts].join(" ")
  const right = [counts.alive + counts.suspect, counts.suspect, counts.dead, counts.left, counts.hidden].join(
    " "
  )
  return held === right ? undefined : `counts ${held}, holds ${right}`
}
