import type { SyncEntry } from "./messages.ts"
import type { Exchange, SwimState, Turn } from "./swimState.ts"
/** Push/pulls that this node opens, from their request to the closing push. */
import { bucketCount, bucketOf, digestOf, entryAt, heldSlots } from "./syncEntries.ts"

/** Exchanges of our own at a time; one more waits for its next period. */
const exchangesMax = 16

/** Longest an exchange may outlive the shell's own time-out before it is taken for failed, in ms. */
const graceMillis = 1000

/** Opens a push/pull; false when too many are open already. */
export const openSync = (turn: Turn, address: string, reason: Exchange["reason"]): boolean => {
  const { nowMillis, random, state } = turn
  if (state.exchanges.size >= exchangesMax) return false
  const isFull = reason === "join"
  const salt = Math.floor(random() * 2 ** 32)
  const { table } = state
  const buckets = isFull
    ? []
    : digestOf(table, salt, bucketCount(table.present + table.troubles.size - table.suspects))
  const request = {
    _tag: "SyncRequest",
    sender: state.self,
    joining: state.phase === "joining",
    salt,
    buckets
  } as const
  state.exchangeCount += 1
  const endsAtMillis = nowMillis + state.options.streamTimeoutMillis + graceMillis
  state.exchanges.set(state.exchangeCount, {
    address,
    reason,
    request,
    seen: new Set(),
    better: new Set(),
    endsAtMillis
  })
  state.due.exchanges = Math.min(state.due.exchanges, endsAtMillis)
  turn.effects.push({
    _tag: "OpenSync",
    exchange: state.exchangeCount,
    address,
    request,
    timeoutMillis: state.options.streamTimeoutMillis
  })
  return true
}

/** Closes an exchange with what this node knows better than the answer said. */
export const pushBack = (
  turn: Turn,
  id: number,
  exchange: Exchange,
  differing: ReadonlyArray<number>
): void => {
  const { nowMillis, state } = turn
  state.exchanges.delete(id)
  const slots = new Set(exchange.better)
  const { buckets } = exchange.request
  if (buckets.length === 0 || differing.length > 0) {
    const inquired = new Set(differing)
    for (const slot of heldSlots(state.table)) {
      if (exchange.seen.has(slot)) continue
      const memberId = state.table.roster.ids[slot] ?? ""
      if (buckets.length === 0 || inquired.has(bucketOf(memberId, buckets.length))) slots.add(slot)
    }
  }
  const entries = Array.from(slots, (slot) => entryAt(state, slot, nowMillis))
  turn.effects.push({ _tag: "PushSync", exchange: id, push: { _tag: "SyncPush", entries } })
}

/** Forgets the exchanges of a node that is going away: an answer that is still to come must not bring it back. */
export const dropExchanges = (state: SwimState): void => {
  state.exchanges.clear()
  state.heldExchanges.length = 0
  state.due.exchanges = Infinity
}

/** The buckets whose hashes are not those of the request, and every entry in them. */
export const answerTo = (
  state: SwimState,
  salt: number,
  asked: ReadonlyArray<number>,
  nowMillis: number
): { readonly differing: ReadonlyArray<number>; readonly entries: ReadonlyArray<SyncEntry> } => {
  const { table } = state
  const own = asked.length === 0 ? [] : digestOf(table, salt, asked.length)
  const differing = own.flatMap((hash, bucket) => (hash === asked[bucket] ? [] : [bucket]))
  if (asked.length > 0 && differing.length === 0) return { differing, entries: [] }
  const inquired = new Set(differing)
  const entries: Array<SyncEntry> = []
  for (const slot of heldSlots(table)) {
    if (asked.length === 0 || inquired.has(bucketOf(table.roster.ids[slot] ?? "", asked.length))) {
      entries.push(entryAt(state, slot, nowMillis))
    }
  }
  return { differing, entries }
}
