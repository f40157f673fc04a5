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

/** Notes that this process stood still until now, and asks for the packets that wait. */
export const onStall = (turn: Turn, millis: number): void => {
  const { nowMillis, state } = turn
  if (!isStall(state, millis)) return
  if (state.stall === undefined) turn.effects.push({ _tag: "DrainInbox" })
  state.stall = {
    noticedAtMillis: state.stall?.noticedAtMillis ?? nowMillis,
    millis: Math.max(millis, state.stall?.millis ?? 0)
  }
}

/** The waiting packets are in: moves what began before the stall, and doubts this node a little more. */
export const makeGood = (turn: Turn): void => {
  const { nowMillis, state } = turn
  const { stall } = state
  if (stall === undefined) return
  const { millis, noticedAtMillis } = stall
  const beganAtMillis = noticedAtMillis - millis
  state.stall = undefined
  state.counters.stalls += 1
  const { due, options, round, table } = state
  if (round !== undefined && round.startedAtMillis <= beganAtMillis) {
    round.deadlineMillis += millis
    due.probe += millis
    round.stalled = true
  }
  for (const { suspicion } of table.suspicions) {
    if (suspicion === undefined || suspicion.startedAtMillis > beganAtMillis) continue
    suspicion.startedAtMillis += millis
    suspicion.deadlineMillis += millis
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
  nowMillis < state.oldNewsUntilMillis || (state.stall !== undefined && isLong(state, state.stall.millis))

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
