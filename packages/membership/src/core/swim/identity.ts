/**
 * Another process announces itself under this node's name: a past life of this node, or a rival.
 *
 * Whoever answers at its address is alive; nobody there, or this node's own address, means that it is the past. The holder keeps the name
 * while this node is joining; afterwards all observers see the greater (generation, instance), and the loser acts by `onConflict`.
 */
import { failJoin, releaseHeld } from "./admission.ts"
import { announce, announceGeneration, demandGeneration } from "./announce.ts"
import { dropExchanges } from "./exchanges.ts"
import { compareProcesses, type MemberProcess } from "./memberKey.ts"
import type { MemberRecord } from "./memberRecord.ts"
import { instanceHash } from "./messages.ts"
import { emit, nextSeq, type Turn } from "./swimState.ts"

/** How long a process is not asked about again, and the period of `takeoversMax`, in ms. */
const quietMillis = 60_000

/** Times that this node takes its name over from rivals before it gives up. */
const takeoversMax = 3

/** Somebody announces itself under this node's name. */
export const onRival = (turn: Turn, other: MemberRecord): void => {
  const { nowMillis, state } = turn
  if (other.address === state.self.address) return outlive(turn, other)
  const { checked } = state
  const isQuiet =
    checked !== undefined && nowMillis < checked.untilMillis && compareProcesses(checked.process, other) === 0
  if (state.check !== undefined || isQuiet) return
  const timeoutMillis = 3 * state.options.probeTimeoutMillis
  const seq = nextSeq(state)
  state.checked = { process: other, untilMillis: nowMillis + quietMillis }
  state.check = { other, seq, endsAtMillis: nowMillis + timeoutMillis }
  state.due.check = state.check.endsAtMillis
  const target = { id: other.id, generation: other.generation, instanceHash: instanceHash(other.instance) }
  turn.effects.push({ _tag: "StreamPing", seq, address: other.address, target, timeoutMillis })
}

/** The check is over, by an answer or by silence. */
export const onChecked = (turn: Turn, answered: boolean): void => {
  const { state } = turn
  const { check } = state
  if (check === undefined) return
  state.check = undefined
  state.due.check = Infinity
  if (answered) return conflict(turn, check.other)
  outlive(turn, check.other)
  releaseHeld(turn)
}

/** A past process is known at this generation or a later one: take one above it. */
export const outlive = (turn: Turn, past: MemberProcess): void => {
  if (past.generation >= turn.state.self.generation) demandGeneration(turn, past.generation + 1)
}

const conflict = (turn: Turn, other: MemberRecord): void => {
  const { state } = turn
  state.counters.conflicts += 1
  if (state.phase === "joining") {
    return failJoin(
      turn,
      "name_conflict",
      `${other.id} is alive at ${other.address} as generation ${other.generation}, instance ${other.instance}`
    )
  }
  const lost = compareProcesses(other, state.self) > 0
  emit(turn, { _tag: "NameConflict", other, lost })
  if (!lost) return announce(turn)
  switch (state.options.onConflict) {
    case "observe":
      return
    case "takeover":
      if (!mayTakeOver(turn) || !announceGeneration(turn, other.generation + 1)) giveUp(turn, other)
      return
    case "shutdown":
      return giveUp(turn, other)
  }
}

const mayTakeOver = ({ nowMillis, state: { takeovers } }: Turn): boolean => {
  while (takeovers[0] !== undefined && nowMillis - takeovers[0] >= quietMillis) takeovers.shift()
  if (takeovers.length >= takeoversMax) return false
  takeovers.push(nowMillis)
  return true
}

const giveUp = (turn: Turn, by: MemberRecord): void => {
  turn.state.phase = "superseded"
  dropExchanges(turn.state)
  emit(turn, { _tag: "Superseded", by })
}
