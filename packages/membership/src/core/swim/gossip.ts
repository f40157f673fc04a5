/** The gossip tick: what is queued goes to a few members at random, the newly dead among them so that they can refute. */
import { pickSlots, recordAt } from "./memberTable.ts"
import { gossip, scheduleGossip, send } from "./outbox.ts"
import type { SwimState, Turn } from "./swimState.ts"

/** Writes to a few members while there is something to tell. */
export const onGossipDue = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  state.due.gossip = Infinity
  const { options, queue, table } = state
  if (queue.entries.size === 0) return
  const slots = pickSlots(table, options.gossipFanout, random, (slot) => isTold(state, slot, nowMillis))
  for (const slot of slots) {
    const to = recordAt(table, slot)
    if (to !== undefined && queue.entries.size > 0) send(turn, to, gossip)
  }
  scheduleGossip(turn)
}

const isTold = ({ options, selfSlot, table }: SwimState, slot: number, nowMillis: number): boolean => {
  if (slot === selfSlot || recordAt(table, slot) === undefined) return false
  const trouble = table.troubles.get(slot)
  if (trouble === undefined || trouble.fact.kind === "suspect") return true
  return trouble.fact.kind === "dead" && nowMillis - trouble.sinceMillis < options.gossipToTheDeadMillis
}
