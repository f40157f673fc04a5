/** Entering the cluster: pull first, make sure that nobody living has this name, then announce this node. */
import { announceGeneration, announce } from "./announce.ts"
import type { JoinFailure } from "./changes.ts"
import { dropExchanges, openSync, pushBack } from "./exchanges.ts"
import { firstDue, syncSoon } from "./schedule.ts"
import { restartSuspicion } from "./suspicion.ts"
import { emit, type Exchange, type Turn } from "./swimState.ts"

/** Contacts the seeds. A node that has left, or lost its name, comes back as a new process. */
export const join = (turn: Turn, seeds: ReadonlyArray<string>): void => {
  const { state } = turn
  if (state.phase === "leaving") return failJoin(turn, "no_answer", "this node is leaving")
  if (state.phase === "left" || state.phase === "superseded") {
    if (!revive(turn))
      return failJoin(turn, "refused", "no generation is left above this one: use another id")
  } else if (state.phase === "member" && state.table.present === 1) state.phase = "joining"
  // What an earlier join was told about this name is no answer to this one.
  state.checked = undefined
  state.seeds = seeds
  state.joinAnswered = false
  state.joinRefusal = undefined
  const opened = seeds.filter((seed) => openSync(turn, seed, "join"))
  if (opened.length === 0)
    failJoin(turn, "no_answer", seeds.length === 0 ? "no seeds" : "too many exchanges are open")
}

/** Back as a new process; false when there is no later generation. What ran when this one went away ran on without it and says nothing now. */
const revive = (turn: Turn): boolean => {
  const { nowMillis, random, state } = turn
  if (!announceGeneration(turn, state.self.generation + 1)) return false
  state.phase = "joining"
  state.leaveTold = false
  state.round = undefined
  state.relays.clear()
  Object.assign(state.due, firstDue(state.options, nowMillis, random))
  for (const { suspicion } of state.table.suspicions) {
    if (suspicion === undefined) continue
    restartSuspicion(suspicion, nowMillis)
    state.due.verdicts = Math.min(state.due.verdicts, suspicion.deadlineMillis)
  }
  return true
}

/** A seed has answered a join in full: close the exchange, now or when it is certain that the name is free. */
export const onJoinAnswered = (turn: Turn, id: number, exchange: Exchange): void => {
  const { state } = turn
  if (state.phase === "joining" && state.check !== undefined) {
    state.heldExchanges.push(id)
    return
  }
  admit(turn, exchange.address)
  pushBack(turn, id, exchange, [])
}

/** The name is free: go on with what waited for that. */
export const releaseHeld = (turn: Turn): void => {
  const { state } = turn
  for (const id of state.heldExchanges.splice(0)) {
    const exchange = state.exchanges.get(id)
    if (exchange !== undefined) onJoinAnswered(turn, id, exchange)
  }
}

/** A seed did not answer a join; the join fails with the last of them, and is refused when any refused. A node without a cluster is a cluster of one. */
export const onJoinUnanswered = (turn: Turn, reason: JoinFailure, detail: string): void => {
  const { state } = turn
  if (state.joinAnswered) return
  if (reason === "refused") state.joinRefusal = detail
  if ([...state.exchanges.values()].some((exchange) => exchange.reason === "join")) return
  if (state.joinRefusal === undefined) failJoin(turn, reason, detail)
  else failJoin(turn, "refused", state.joinRefusal)
}

/** The join has failed. After a name conflict the node takes no part; otherwise it is a cluster of one. */
export const failJoin = (turn: Turn, reason: JoinFailure, detail: string): void => {
  const { state } = turn
  emit(turn, { _tag: "JoinFailed", reason, detail })
  if (state.phase !== "joining") return
  state.phase = reason === "name_conflict" ? "superseded" : "member"
  if (reason === "name_conflict") dropExchanges(state)
  else announce(turn)
}

const admit = (turn: Turn, through: string): void => {
  const { state } = turn
  if (state.phase === "joining") {
    state.phase = "member"
    syncSoon(turn)
  }
  state.joinAnswered = true
  announce(turn)
  emit(turn, { _tag: "JoinSucceeded", through })
}
