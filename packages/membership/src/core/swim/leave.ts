/** Saying goodbye: `left` goes ahead of everything, and the node answers pings until it has been told often enough. */
import { isQueued } from "./dissemination.ts"
import { dropExchanges } from "./exchanges.ts"
import type { Departure } from "./memberRecord.ts"
import { pickSlots, shownAs, slotOf } from "./memberTable.ts"
import { merge } from "./merge.ts"
import { gossip, send, spread } from "./outbox.ts"
import { emit, type Turn } from "./swimState.ts"

/** Members that are told at once, before the first tick. */
const toldAtOnce = 3

/** Looks whether the goodbye is told, this often, in ms. */
const lookMillis = 50

/** Leaves the cluster; nothing is refuted from here on. */
export const leave = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  if (state.phase !== "member" && state.phase !== "joining") return
  const { generation, id, incarnation, instance } = state.self
  const goodbye: Departure = { kind: "left", id, generation, instance, incarnation, by: id }
  state.phase = "leaving"
  state.round = undefined
  state.check = undefined
  state.due.check = Infinity
  const isJoining =
    !state.joinAnswered && [...state.exchanges.values()].some(({ reason }) => reason === "join")
  dropExchanges(state)
  if (isJoining) emit(turn, { _tag: "JoinFailed", reason: "no_answer", detail: "this node is leaving" })
  state.leaveTold = false
  state.leaveEndsAtMillis = nowMillis + state.options.leaveTimeoutMillis
  state.due.leave = nowMillis + lookMillis
  const { selfSlot, table } = state
  if (table.present === 1) return
  spread(turn, goodbye)
  const slots = pickSlots(
    table,
    toldAtOnce,
    random,
    (slot) => slot !== selfSlot && shownAs(table, slot) === "alive"
  )
  for (const slot of slots) {
    const to = table.records[slot]
    if (to !== undefined) send(turn, to, gossip, goodbye)
  }
}

/** The goodbye has been told often enough, or long enough; then it needs a moment to travel on. */
export const onLeaveDue = (turn: Turn): void => {
  const { nowMillis, state } = turn
  const isTold = nowMillis >= state.leaveEndsAtMillis
  if (state.leaveTold) {
    state.phase = "left"
    state.due.leave = Infinity
    return emit(turn, { _tag: "Departed" })
  }
  if (!isTold && isQueued(state.queue, state.self.id)) {
    state.due.leave = Math.min(nowMillis + lookMillis, state.leaveEndsAtMillis)
    return
  }
  state.leaveTold = true
  state.due.leave = nowMillis + (state.table.present === 1 ? 0 : state.options.leavePropagateMillis)
}

/** Declares a dead member left, in its name; if it lives after all it comes back as a new generation. */
export const forceLeave = (turn: Turn, id: string): void => {
  const { self, table } = turn.state
  const slot = slotOf(table, id)
  const fact = slot === undefined ? undefined : table.troubles.get(slot)?.fact
  if (slot === undefined || fact === undefined || shownAs(table, slot) !== "dead") return
  const { generation, incarnation, instance } = fact
  merge(
    turn,
    { kind: "left", id, generation, instance, incarnation, by: self.id },
    { via: "self", from: self.id, address: undefined, ageMillis: 0 }
  )
}
