/** Takes up facts: looks up the row of the state table and does what it says. */
import type { ChangeName } from "./changes.ts"
import { echo } from "./echo.ts"
import { hasRoomFor, refusal } from "./eligibility.ts"
import { compareKeys, compareProcesses, type MemberStanding } from "./memberKey.ts"
import {
  type Accusation,
  type Departure,
  type MemberFact,
  type MemberRecord,
  sameAttributes
} from "./memberRecord.ts"
import { putRecord, putTrouble, recordAt, shownAs, slotOf } from "./memberTable.ts"
import { spread } from "./outbox.ts"
import { aboutSelf } from "./refute.ts"
import { isOldNews } from "./stall.ts"
import { type Row, rowFor, rows } from "./stateTable.ts"
import { confirmSuspicion, startSuspicion, type Suspicion } from "./suspicion.ts"
import { emit, type Source, type SwimState, type Trouble, type Turn } from "./swimState.ts"
import { boundTombstones } from "./tombstones.ts"

/** Merges one fact into the view. */
export const merge = (turn: Turn, told: MemberFact, source: Source): void => {
  const { self, table } = turn.state
  if (told.id === self.id) return aboutSelf(turn, told, source)
  const slot = slotOf(table, told.id)
  const trouble = slot === undefined ? undefined : table.troubles.get(slot)
  const record = slot === undefined ? undefined : table.records[slot]
  const isOld = source.via === "sync" || (source.via === "packet" && isOldNews(turn.state, turn.nowMillis))
  // What only rumour names has no suspicion that could run out.
  const fact = isOld && trouble?.hidden !== true ? softened(told, trouble?.fact ?? record) : told
  const row = rowFor(record, trouble, fact, source.from === fact.id)
  if (row === rows.isConfirmed) return confirm(turn, fact, trouble?.suspicion, source)
  if (row === rows.nothingNew) return noteViolation(turn.state, fact, record)
  if (isAccepted(turn, fact, slot, row)) follow(turn, fact, row, source)
}

const follow = (turn: Turn, fact: MemberFact, row: Row, source: Source): void => {
  if (row.take !== "nothing") takeUp(turn, fact, row, source)
  if (row.spread && source.isCommon !== true) spread(turn, fact)
  if (row.echo !== "nobody") echo(turn, fact, row.echo, source)
  if (row.take === "rumour" || row.take === "doubt") boundTombstones(turn)
}

/** A death heard of in a push/pull, or after a long stall, may be old news: the member gets one suspicion's time to refute, its accuser stays. */
const softened = (fact: MemberFact, known: MemberFact | undefined): MemberFact =>
  fact.kind === "dead" && (known?.kind === "alive" || known?.kind === "suspect")
    ? { ...fact, kind: "suspect" }
    : fact

const isAccepted = ({ state }: Turn, fact: MemberFact, slot: number | undefined, { take }: Row): boolean => {
  if (fact.kind !== "alive" || take === "nothing") return true
  if (take !== "record" && !hasRoomFor(state, fact.id)) {
    state.counters.membersRefusedFull += 1
    return false
  }
  const record = slot === undefined ? undefined : recordAt(state.table, slot)
  if (record !== undefined && compareProcesses(fact, record) === 0) return true
  if (refusal(state, fact) === undefined) return true
  state.counters.membersRejected += 1
  return false
}

/** What a push/pull repeats is nobody's independent word. */
const confirm = (turn: Turn, fact: MemberFact, suspicion: Suspicion | undefined, { via }: Source): void => {
  if (via === "sync" || suspicion === undefined || !("by" in fact)) return
  if (!confirmSuspicion(suspicion, fact.by)) return
  const { due } = turn.state
  // Late confirmations end it now: a deadline in the past would look as if this process had stood still.
  suspicion.deadlineMillis = Math.max(turn.nowMillis, suspicion.deadlineMillis)
  due.verdicts = Math.min(due.verdicts, suspicion.deadlineMillis)
  spread(turn, fact)
}

/** One process said two things at one incarnation. */
const noteViolation = ({ counters }: SwimState, fact: MemberFact, record: MemberRecord | undefined): void => {
  if (record === undefined || fact.kind !== "alive" || compareKeys(fact, record) !== 0) return
  if (!sameAttributes(fact, record)) counters.protocolViolations += 1
}

const takeUp = (turn: Turn, fact: MemberFact, row: Row, source: Source): void => {
  const { due, table } = turn.state
  const known = slotOf(table, fact.id)
  const before = known === undefined ? undefined : shownAs(table, known)
  const recordBefore = known === undefined ? undefined : table.records[known]
  const slot = fact.kind === "alive" ? takeRecord(turn, fact, row) : takeDoubt(turn, fact, row, source)
  const suspicion = table.troubles.get(slot)?.suspicion
  if (suspicion !== undefined) due.verdicts = Math.min(due.verdicts, suspicion.deadlineMillis)
  const isUpdated =
    before !== undefined &&
    fact.kind === "alive" &&
    recordBefore !== undefined &&
    !sameAttributes(fact, recordBefore)
  const changes = isUpdated ? row.changes : row.changes.filter((change) => change !== "Updated")
  report(turn, slot, { fact, changes, previous: before })
}

/** Tells the application, each change from where the one before ended. */
const report = (
  turn: Turn,
  slot: number,
  told: {
    readonly fact: MemberFact
    readonly changes: ReadonlyArray<ChangeName>
    readonly previous: MemberStanding | undefined
  }
): void => {
  const { table } = turn.state
  let { previous } = told
  for (const change of told.changes) {
    const current: MemberStanding | undefined = standingAfter[change] ?? previous
    emit(turn, {
      _tag: "MemberChanged",
      change,
      id: told.fact.id,
      previous,
      current,
      fact: change === "Suspected" ? (table.troubles.get(slot)?.fact ?? told.fact) : told.fact,
      record: recordAt(table, slot),
      atMillis: turn.nowMillis
    })
    previous = current
  }
}

const standingAfter: Readonly<Partial<Record<ChangeName, MemberStanding>>> = {
  Joined: "alive",
  Restarted: "alive",
  Recovered: "alive",
  Suspected: "suspect",
  Failed: "dead",
  Left: "left"
}

const takeRecord = (turn: Turn, record: MemberRecord, row: Row): number => {
  const { table } = turn.state
  const slot = slotOf(table, record.id)
  const trouble = slot === undefined || row.take === "alive" ? undefined : table.troubles.get(slot)
  if (trouble === undefined || row.take === "record") return putRecord(table, record, trouble)
  const suspicion = suspect(turn, trouble.fact, table.present + 1)
  return putRecord(table, record, { ...trouble, hidden: false, shown: undefined, suspicion })
}

const takeDoubt = (turn: Turn, fact: Accusation | Departure, row: Row, source: Source): number => {
  const { nowMillis, state } = turn
  const known = slotOf(state.table, fact.id)
  const standing = known === undefined ? undefined : shownAs(state.table, known)
  const hidden = row.take === "rumour" || (known !== undefined && standing === undefined)
  return putTrouble(state.table, fact.id, (slot): Trouble => ({
    slot,
    fact,
    hidden,
    shown: hidden && (standing === "dead" || standing === "left") ? standing : undefined,
    sinceMillis: nowMillis - source.ageMillis,
    suspicion: hidden || fact.kind !== "suspect" ? undefined : suspect(turn, fact, state.table.present)
  }))
}

/** `n` counts the member itself, also when it was hidden so far. */
const suspect = ({ nowMillis, state }: Turn, fact: Accusation | Departure, n: number): Suspicion =>
  startSuspicion(state.options, n, fact.by, nowMillis)
