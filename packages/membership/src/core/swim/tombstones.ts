/** Forgetting: the dead and left after their time, and the oldest of what is only rumour when there is too much of it. */
import { forgetMember, recordAt, shownAs, troubleShownAs } from "./memberTable.ts"
import { sweepPeriodMillis } from "./schedule.ts"
import { emit, type Trouble, type Turn } from "./swimState.ts"

/** Keeps ghosts and tombstones within their bounds. */
export const boundTombstones = (turn: Turn): void => {
  const { counters, options, table } = turn.state
  if (table.ghosts > options.ghostsMax) {
    counters.ghostsEvicted += 1
    forgetOldest(turn, (trouble) => troubleShownAs(trouble) === undefined)
  }
  if (table.dead + table.left > options.tombstonesMax) {
    counters.tombstonesEvicted += 1
    forgetOldest(turn, (trouble) => {
      const standing = troubleShownAs(trouble)
      return standing === "dead" || standing === "left"
    })
  }
}

/** Forgets what is older than its time, the first expiring first, and what was noted about members that are gone. */
export const sweep = (turn: Turn): void => {
  const { nowMillis, state } = turn
  const { options, table } = state
  for (const trouble of table.troubles.values()) {
    const isFinal = trouble.hidden || trouble.fact.kind !== "suspect"
    if (isFinal && nowMillis - trouble.sinceMillis >= options.tombstoneTtlMillis) {
      state.counters.tombstonesExpired += 1
      forget(turn, trouble)
    }
  }
  for (const slot of state.streamOnly.keys()) {
    const standing = shownAs(table, slot)
    if (standing !== "alive" && standing !== "suspect") state.streamOnly.delete(slot)
  }
  state.due.sweep = nowMillis + sweepPeriodMillis(state.options)
}

const forgetOldest = (turn: Turn, which: (trouble: Trouble) => boolean): void => {
  for (const trouble of turn.state.table.troubles.values()) {
    if (which(trouble)) return forget(turn, trouble)
  }
}

const forget = (turn: Turn, { fact, slot }: Trouble): void => {
  const { table } = turn.state
  const previous = shownAs(table, slot)
  if (previous !== undefined) {
    emit(turn, {
      _tag: "MemberChanged",
      change: "Reaped",
      id: fact.id,
      previous,
      current: undefined,
      fact,
      record: recordAt(table, slot),
      atMillis: turn.nowMillis
    })
  }
  forgetMember(table, slot)
}
