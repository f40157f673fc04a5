/** Puts packets together: the message, what its receiver must know first, and what else fits. */
import { enqueueFact, takeItems, transmitLimit } from "./dissemination.ts"
import type { MemberFact } from "./memberRecord.ts"
import { slotOf } from "./memberTable.ts"
import type { Gossip, GossipItem, PacketMessage } from "./messages.ts"
import type { SwimState, Turn } from "./swimState.ts"

/** Where a packet goes. */
export interface Receiver {
  /** Undefined when only the address is known. */
  readonly id: string | undefined
  readonly address: string
}

/** The message that is nothing but its gossip. */
export const gossip: Gossip = { _tag: "Gossip" }

/**
 * Sends a message with as much gossip as fits. `lead` comes first; without it a member that this node holds suspect or dead is told so, outside
 * the count of transmits, so that it can refute at once (the buddy system of Lifeguard).
 */
export const send = (turn: Turn, to: Receiver, message: PacketMessage, lead?: MemberFact): void => {
  const { state } = turn
  const items: Array<GossipItem> = []
  const ahead = lead ?? accusationOf(state, to.id)
  let budget = state.options.packetBytesMax - state.sizes.message(message)
  if (ahead !== undefined) {
    const bytes = state.sizes.item(ahead)
    if (bytes <= budget) {
      items.push(ahead)
      budget -= bytes
    } else state.counters.itemsTooLarge += 1
  }
  if (state.queue.entries.size > 0 && (state.phase === "member" || state.phase === "leaving")) {
    const limit = transmitLimit(state.options.retransmitMult, state.table.present)
    items.push(...takeItems(state.queue, budget, limit, ahead?.id))
  }
  turn.effects.push({ _tag: "Send", address: to.address, to: to.id, message, gossip: items })
}

/** Tells a fact on, with a fresh count; own refutations and goodbyes go first. */
export const spread = (turn: Turn, fact: MemberFact): void => {
  const { state } = turn
  const bytes = state.sizes.item(fact)
  if (bytes > itemBytesMax(state)) {
    state.counters.itemsTooLarge += 1
    return
  }
  enqueueFact(state.queue, fact, bytes, fact.kind === "left" || fact.id === state.self.id)
  scheduleGossip(turn)
}

/** The largest item that a packet can carry, in bytes. */
export const itemBytesMax = ({ options, sizes }: SwimState): number =>
  options.packetBytesMax - sizes.message(gossip)

/** Sets the next gossip tick, on this node's own beat, when there is something to tell and none is set. */
export const scheduleGossip = ({ nowMillis, state }: Turn): void => {
  const { due, gossipPhaseMillis, options, phase, queue } = state
  if (due.gossip !== Infinity || queue.entries.size === 0 || (phase !== "member" && phase !== "leaving"))
    return
  const period = options.gossipIntervalMillis
  due.gossip = nowMillis + period - ((nowMillis + gossipPhaseMillis) % period)
}

const accusationOf = ({ table }: SwimState, id: string | undefined): MemberFact | undefined => {
  if (id === undefined || table.troubles.size === 0) return undefined
  const slot = slotOf(table, id)
  const fact = slot === undefined ? undefined : table.troubles.get(slot)?.fact
  return fact !== undefined && fact.kind !== "left" ? fact : undefined
}
