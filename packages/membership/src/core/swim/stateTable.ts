/**
 * What a fact about another member does to the view of it: one named row per case, one branch per row.
 *
 * The key never goes down. An accusation counts from the incarnation that it names: at or above the known one it is taken up, below it is
 * answered with what this node knows (an echo), which is how a member that came back learns what it has to refute.
 */
import type { ChangeName } from "./changes.ts"
import { compareKeys, compareProcesses, type MemberKey } from "./memberKey.ts"
import type { Accusation, Departure, MemberFact, MemberRecord } from "./memberRecord.ts"
import type { Trouble } from "./swimState.ts"

/** What a row takes over from the fact. */
type Take =
  /** Nothing: the view stays. */
  | "nothing"
  /** The member is alive by this announcement. */
  | "alive"
  /** The announcement fills or renews the record; what is held against the member stays. */
  | "record"
  /** As `record`, and what was rumour about the member is shown from now on. */
  | "reveal"
  /** The doubt, verdict or goodbye is held against the member. */
  | "doubt"
  /** As `doubt`, hidden from the application until the process announces itself. */
  | "rumour"
  /** One more accuser of a running suspicion, if it is a new one. */
  | "confirmation"

/** Consequences of a fact. */
export interface Row {
  readonly take: Take
  /** Tell it on, with a fresh count of transmits. */
  readonly spread: boolean
  /** Who is sent what this node holds: the sender and the subject, or the subject alone. */
  readonly echo: "nobody" | "both" | "subject"
  /** `Updated` among several, or with `take: "record"`, only when the announcements differ. */
  readonly changes: ReadonlyArray<ChangeName>
}

const row = (
  take: Take,
  changes: ReadonlyArray<ChangeName> = [],
  more: Partial<Pick<Row, "spread" | "echo">> = {}
): Row => ({ take, spread: take !== "nothing", echo: "nobody", changes, ...more })

/** The rows by what they mean; "higher" is by incarnation, "newer" by process. */
export const rows = {
  joins: row("alive", ["Joined"]),
  rumour: row("rumour"),
  ghostFilled: row("record", [], { echo: "subject" }),
  ghostRevealed: row("reveal", ["Joined", "Suspected"], { echo: "subject" }),
  announcesChange: row("alive", ["Updated"]),
  restarts: row("alive", ["Restarted"]),
  recovers: row("alive", ["Recovered", "Updated"]),
  rejoins: row("alive", ["Joined"]),
  recordCatchesUp: row("record", ["Updated"]),
  restartIsNamed: row("record", ["Restarted", "Suspected"]),
  restartRevealed: row("reveal", ["Restarted", "Suspected"], { echo: "subject" }),
  isSuspected: row("doubt", ["Suspected"]),
  isSuspectedAnew: row("doubt"),
  isSuspectedAfterDeath: row("doubt", ["Recovered", "Suspected"]),
  isConfirmed: row("confirmation"),
  fails: row("doubt", ["Failed"]),
  diesAgain: row("doubt"),
  leaves: row("doubt", ["Left"]),
  leavesAgain: row("doubt"),
  nothingNew: row("nothing"),
  echoed: row("nothing", [], { echo: "both" }),
  echoedToSubject: row("nothing", [], { echo: "subject" })
} satisfies Readonly<Record<string, Row>>

/** The row for a fact; `fromSubject` when the subject itself sent it. */
export const rowFor = (
  record: MemberRecord | undefined,
  trouble: Trouble | undefined,
  fact: MemberFact,
  fromSubject: boolean
): Row => {
  const known = trouble?.fact ?? record
  if (known === undefined) return fact.kind === "alive" ? rows.joins : rows.rumour
  if (fact.kind === "alive") return announced(known, trouble, { fact, record, fromSubject })
  if (known.kind === "left") return afterLeft(known, fact, fromSubject)
  if (trouble?.hidden === true) return aboutRumoured(known, trouble.shown, fact)
  if (fact.kind === "left") return compareProcesses(fact, known) < 0 ? rows.echoed : rows.leaves
  return accused(known, fact.kind, compareAccused(fact, known), compareProcesses(fact, known) > 0)
}

/** A doubt or verdict about a member that is shown; `order` is that of `compareAccused`. */
const accused = (known: MemberKey, kind: Accusation["kind"], order: number, isNewProcess: boolean): Row => {
  if (order < 0) return rows.echoed
  switch (known.kind) {
    case "alive":
      return kind === "dead" ? rows.fails : rows.isSuspected
    case "suspect":
      if (kind === "dead") return rows.fails
      return order === 0 ? rows.isConfirmed : rows.isSuspectedAnew
    case "dead":
      if (order === 0) return rows.nothingNew
      if (kind === "dead") return rows.diesAgain
      return isNewProcess ? rows.rumour : rows.isSuspectedAfterDeath
    case "left":
      return rows.nothingNew
  }
}

/** An announcement about a member that something is known about. */
const announced = (
  known: MemberKey,
  trouble: Trouble | undefined,
  told: {
    readonly fact: MemberRecord
    readonly record: MemberRecord | undefined
    readonly fromSubject: boolean
  }
): Row => {
  const { fact, record } = told
  if (compareKeys(fact, known) > 0) return announcedNewer(known, trouble, fact, record)
  if (trouble?.hidden === true && known.kind === "suspect") {
    if (!fills(fact, known, record)) return rows.echoedToSubject
    return trouble.shown === "dead" ? rows.restartRevealed : rows.ghostRevealed
  }
  return announcedAgain(known, told)
}

const announcedNewer = (
  known: MemberKey,
  trouble: Trouble | undefined,
  fact: MemberRecord,
  record: MemberRecord | undefined
): Row => {
  if (trouble?.hidden === true) return rowsInPlaceOf[trouble.shown ?? "nothing"]
  if (known.kind === "left") return rows.rejoins
  if (isOlder(record, fact)) return rows.restarts
  return known.kind === "alive" ? rows.announcesChange : rows.recovers
}

/** What the announcement of a process that rumour named is, by what is shown so far. */
const rowsInPlaceOf = { dead: rows.restarts, left: rows.rejoins, nothing: rows.joins }

/** Not above the known key: at most it fills in what only rumour has told. */
const announcedAgain = (
  known: MemberKey,
  { fact, fromSubject, record }: Parameters<typeof announced>[2]
): Row => {
  const unlessFromSubject = fromSubject ? rows.echoedToSubject : rows.nothingNew
  switch (known.kind) {
    case "alive":
      return compareProcesses(fact, known) < 0 ? unlessFromSubject : rows.nothingNew
    case "suspect":
      if (!fills(fact, known, record)) return unlessFromSubject
      return isOlder(record, known) ? rows.restartIsNamed : rows.recordCatchesUp
    case "dead":
      return fills(fact, known, record) ? rows.ghostFilled : rows.echoedToSubject
    case "left":
      return unlessFromSubject
  }
}

const fills = (fact: MemberRecord, known: MemberKey, record: MemberRecord | undefined): boolean =>
  compareProcesses(fact, known) === 0 && (record === undefined || compareKeys(fact, record) > 0)

/** A doubt, verdict or goodbye about a process that said goodbye, or about a newer one that only rumour names so far. */
const afterLeft = (known: MemberKey, fact: Accusation | Departure, fromSubject: boolean): Row => {
  if (compareProcesses(fact, known) > 0) return fact.kind === "left" ? rows.leavesAgain : rows.rumour
  return fromSubject ? rows.echoedToSubject : rows.nothingNew
}

/** About a process that only rumour names; the end of a dead one's next process is that member's end again. */
const aboutRumoured = (known: MemberKey, shown: Trouble["shown"], fact: Accusation | Departure): Row => {
  if (compareKeys(fact, known) <= 0) {
    return compareAccused(fact, known) < 0 ? rows.echoed : rows.nothingNew
  }
  if (shown === undefined || fact.kind === "suspect") return rows.rumour
  if (fact.kind === "left") return shown === "dead" ? rows.leaves : rows.leavesAgain
  return shown === "dead" ? rows.diesAgain : rows.rumour
}

const isOlder = (record: MemberRecord | undefined, known: MemberKey): boolean =>
  record !== undefined && compareProcesses(record, known) < 0

/** By process, then incarnation: whether an accusation is about the known incarnation (0), a later (> 0) or an earlier one. */
const compareAccused = (fact: MemberKey, known: MemberKey): number => {
  const process = compareProcesses(fact, known)
  return process === 0 ? fact.incarnation - known.incarnation : process
}
