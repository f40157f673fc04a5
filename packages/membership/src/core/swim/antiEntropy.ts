/** Push/pull: two nodes compare views over a stream and exchange what differs, which repairs whatever gossip lost. */
import { onJoinAnswered, onJoinUnanswered } from "./admission.ts"
import { hasRoomFor, refusal } from "./eligibility.ts"
import { answerTo, openSync, pushBack } from "./exchanges.ts"
import { compareKeys } from "./memberKey.ts"
import { keyAt, pickSlots, shownAs, slotOf } from "./memberTable.ts"
import { merge } from "./merge.ts"
import { bucketsMax, type SyncEntry, type SyncRefused, type SyncRequest } from "./messages.ts"
import { pushPullScale } from "./options.ts"
import { jittered, syncSoon } from "./schedule.ts"
import type { Exchange, Source, SwimEvent, SwimState, Turn } from "./swimState.ts"

/**
 * Opens the periodic exchange with a random alive member. The first come soon after a join: when many join at once none knows many to
 * gossip with, and what the seed knew then is half of it.
 */
export const onSyncDue = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  const { options, selfSlot, table } = state
  const periodMillis = options.pushPullIntervalMillis * pushPullScale(table.present)
  state.due.sync = nowMillis + jittered(Math.min(periodMillis, state.soonMillis), random)
  state.soonMillis = state.soonMillis < periodMillis ? 2 * state.soonMillis : Infinity
  if (state.phase !== "member") return
  const [slot] = pickSlots(
    table,
    1,
    random,
    (candidate) => candidate !== selfSlot && shownAs(table, candidate) === "alive"
  )
  const peer = slot === undefined ? undefined : table.records[slot]
  if (peer !== undefined) openSync(turn, peer.address, "periodic")
}

/** Answers another node's request, or says why not. */
export const onSyncRequested = (turn: Turn, exchange: number, request: SyncRequest): void => {
  const { nowMillis, state } = turn
  const refused = refusalOf(state, request)
  if (refused !== undefined) {
    state.counters.syncsRefused += 1
    turn.effects.push({ _tag: "AnswerSync", exchange, answer: { _tag: "SyncRefused", reason: refused } })
    return
  }
  if (!request.joining) merge(turn, request.sender, fromSync(request.sender.id, 0))
  const answer = answerTo(state, request.salt, usable(request.buckets), nowMillis)
  turn.effects.push({ _tag: "AnswerSync", exchange, answer: { _tag: "SyncAnswer", ...answer } })
}

/** Takes up part of an answer or a closing push; after the last part of an answer, closes with what is known better. */
export const onSyncEntries = (turn: Turn, event: Extract<SwimEvent, { _tag: "SyncEntries" }>): void => {
  const { state } = turn
  if (state.phase === "left" || state.phase === "superseded") {
    state.counters.inboundIgnored += 1
    return
  }
  const exchange = event.exchange === undefined ? undefined : state.exchanges.get(event.exchange)
  if (event.exchange !== undefined && exchange === undefined) {
    state.counters.strayAnswers += 1
    return
  }
  const isCommon = exchange?.reason === "join" && state.phase === "joining"
  for (const entry of event.entries) {
    takeEntry(turn, entry, event.from, isCommon)
    if (exchange !== undefined) noteBetter(state, exchange, entry)
  }
  if (event.last && exchange !== undefined && event.exchange !== undefined) {
    onAnswered(turn, event.exchange, exchange, event)
  }
}

const onAnswered = (
  turn: Turn,
  id: number,
  exchange: Exchange,
  { differing, from }: Pick<Extract<SwimEvent, { _tag: "SyncEntries" }>, "differing" | "from">
): void => {
  const { address, reason } = exchange
  if (reason === "seed" || reason === "join") turn.state.seedIds.set(address, from)
  if (reason === "seed" || reason === "heal") syncSoon(turn)
  if (reason === "stall") endStallSync(turn)
  if (reason === "join") onJoinAnswered(turn, id, exchange)
  else pushBack(turn, id, exchange, differing)
}

/** An exchange of ours came to nothing. */
export const onSyncFailed = (turn: Turn, id: number, refused: boolean, detail: string): void => {
  const { state } = turn
  const exchange = state.exchanges.get(id)
  if (exchange === undefined) return
  state.exchanges.delete(id)
  state.counters.syncsFailed += 1
  if (exchange.reason === "stall") endStallSync(turn)
  if (exchange.reason === "join") onJoinUnanswered(turn, refused ? "refused" : "no_answer", detail)
}

/** Gives up exchanges whose end the shell did not report in time. */
export const onExchangesDue = (turn: Turn): void => {
  const { nowMillis, state } = turn
  state.due.exchanges = Infinity
  for (const [id, { address, endsAtMillis }] of state.exchanges) {
    if (endsAtMillis <= nowMillis) onSyncFailed(turn, id, false, `no answer from ${address}`)
    else state.due.exchanges = Math.min(state.due.exchanges, endsAtMillis)
  }
}

/** Why this node does no push/pull with the sender. */
const refusalOf = (state: SwimState, { sender }: SyncRequest): SyncRefused["reason"] | undefined => {
  if (state.phase !== "member" && state.phase !== "joining") return "not_a_member"
  if (!hasRoomFor(state, sender.id)) return "full"
  return refusal(state, sender)?.reason
}

/** A digest of another shape than ours is answered with everything. */
const usable = (buckets: ReadonlyArray<number>): ReadonlyArray<number> =>
  buckets.length <= bucketsMax && Number.isInteger(Math.log2(buckets.length)) ? buckets : []

const fromSync = (from: string, ageMillis: number, isCommon = false): Source => ({
  via: "sync",
  from,
  address: undefined,
  ageMillis,
  isCommon
})

/** The announcement comes first, so that a doubt is about somebody known. A tombstone past its time stays forgotten. */
const takeEntry = (
  turn: Turn,
  { ageMillis, doubt, record }: SyncEntry,
  from: string,
  isCommon: boolean
): void => {
  if (record !== undefined) merge(turn, record, fromSync(from, 0, isCommon))
  if (doubt === undefined || ageMillis >= turn.state.options.tombstoneTtlMillis) return
  merge(turn, doubt, fromSync(from, doubt.kind === "suspect" ? 0 : ageMillis, isCommon))
}

const noteBetter = (state: SwimState, exchange: Exchange, { doubt, record }: SyncEntry): void => {
  const theirs = doubt ?? record
  const slot = theirs === undefined ? undefined : slotOf(state.table, theirs.id)
  const ours = slot === undefined ? undefined : keyAt(state.table, slot)
  if (theirs === undefined || slot === undefined || ours === undefined) return
  exchange.seen.add(slot)
  if (compareKeys(ours, theirs) > 0) exchange.better.add(slot)
}

const endStallSync = ({ nowMillis, state }: Turn): void => {
  state.verdictsHeldUntilMillis = nowMillis
  if (state.table.suspicions.size > 0) state.due.verdicts = Math.min(state.due.verdicts, nowMillis)
}
