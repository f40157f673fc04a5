/**
 * Time during which this process stood still is nobody's silence.
 *
 * In Node.js a late timer runs before packets that wait in the socket, so a deadline that is noticed late is not judged: the packets are
 * asked for first, then every running deadline moves by the time lost.
 */
import { adjustAwareness } from "./awareness.ts"
import { openSync } from "./exchanges.ts"
import { pickSlots, shownAs } from "./memberTable.ts"
import { suspicionMinMillis } from "./suspicion.ts"
import { type SwimState, emit, type Turn } from "./swimState.ts"

/** Least lateness that is a stall, in ms. */
const lateMillisMin = 100

const isStall = ({ options }: Pick<SwimState, "options">, lateMillis: number): boolean =>
  lateMillis > Math.max(lateMillisMin, options.probeTimeoutMillis / 4)

/** Notes that this process stood still for so long until now, and asks for the packets that wait. What was made good before counts no more. */
export const onStall = (turn: Turn, millis: number): void => {
  const { nowMillis, state } = turn
  const beganAtMillis = Math.max(nowMillis - millis, state.madeGoodAtMillis)
  if (state.stall !== undefined) {
    state.stall.beganAtMillis = Math.min(state.stall.beganAtMillis, beganAtMillis)
    return
  }
  if (!isStall(state, nowMillis - beganAtMillis)) return
  turn.effects.push({ _tag: "DrainInbox" })
  state.stall = { noticedAtMillis: nowMillis, beganAtMillis }
}

/**
 * The waiting packets are in: moves what was running by the time lost, and doubts this node a little more. The time until the packets were in
 * is lost too: it may have been long.
 */
export const makeGood = (turn: Turn): void => {
  const { nowMillis, state } = turn
  const { stall } = state
  if (stall === undefined) return
  const millis = nowMillis - stall.beganAtMillis
  const lostSince = (startedAtMillis: number): number => Math.min(millis, nowMillis - startedAtMillis)
  state.stall = undefined
  state.madeGoodAtMillis = nowMillis
  state.counters.stalls += 1
  const { due, options, round, table } = state
  if (round !== undefined) {
    const lost = lostSince(round.startedAtMillis)
    round.deadlineMillis += lost
    due.probe += lost
    round.stalled = true
  }
  for (const { suspicion } of table.suspicions) {
    if (suspicion === undefined) continue
    const lost = lostSince(suspicion.startedAtMillis)
    suspicion.startedAtMillis += lost
    suspicion.deadlineMillis += lost
  }
  if (isLong(state, millis)) state.oldNewsUntilMillis = nowMillis + suspicionMinMillis(options, table.present)
  adjustAwareness(turn, millis > options.probeIntervalMillis * (state.awareness + 1) ? 2 : 1)
  emit(turn, { _tag: "Stalled", millis })
  if (isLong(state, millis) && state.phase === "member") syncFirst(turn, nowMillis)
}

/**
 * Whether what packets say now may be old: they waited in the sockets while this process stood still for longer than a suspicion, or come
 * from somebody who took that silence for a death, its own and that of all who stood still with it.
 */
export const isOldNews = (state: SwimState, nowMillis: number): boolean =>
  nowMillis < state.oldNewsUntilMillis ||
  (state.stall !== undefined && isLong(state, nowMillis - state.stall.beganAtMillis))

const isLong = ({ options, table }: SwimState, millis: number): boolean =>
  millis > suspicionMinMillis(options, table.present)

/** After so long the others probably hold this node dead; it hears and refutes that before it judges anybody. */
const syncFirst = (turn: Turn, nowMillis: number): void => {
  const { random, state } = turn
  const { options, selfSlot, table } = state
  const [slot] = pickSlots(
    table,
    1,
    random,
    (candidate) => candidate !== selfSlot && shownAs(table, candidate) === "alive"
  )
  const peer = slot === undefined ? undefined : table.records[slot]
  if (peer === undefined || !openSync(turn, peer.address, "stall")) return
  state.verdictsHeldUntilMillis = nowMillis + options.streamTimeoutMillis
}
