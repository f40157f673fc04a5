/**
 * SWIM with Lifeguard: who is in the cluster and who is alive, by random probes, helpers, doubt that can be refuted, and gossip.
 *
 * One event and the time go in, effects come out. The state is changed in place, see `swimState.ts`. A shell delivers packets and stream
 * answers as events, calls `Tick` at `nextDeadlineMillis`, and does what the effects say; it decides nothing.
 */
import { join } from "./admission.ts"
import { onGenerationDue, update } from "./announce.ts"
import { onExchangesDue, onSyncDue, onSyncEntries, onSyncFailed, onSyncRequested } from "./antiEntropy.ts"
import { onGossipDue } from "./gossip.ts"
import { onChecked } from "./identity.ts"
import { forceLeave, leave, onLeaveDue } from "./leave.ts"
import { onHealDue, onSeedsDue } from "./partitionHeal.ts"
import { onProbeDue, onSendFailed, onStreamAnswer } from "./probe.ts"
import { onReceived } from "./receive.ts"
import { onRelaysDue } from "./relay.ts"
import { makeGood, onStall } from "./stall.ts"
import type { Due, SwimEffect, SwimEvent, SwimState, Turn } from "./swimState.ts"
import { sweep } from "./tombstones.ts"
import { broadcast } from "./userEvents.ts"
import { onVerdictsDue } from "./verdicts.ts"

/** Applies one event, and returns what to do in order. `nowMillis` is monotonic, `random` uniform in [0, 1). */
export const step = (
  state: SwimState,
  event: SwimEvent,
  nowMillis: number,
  random: () => number
): ReadonlyArray<SwimEffect> => {
  const turn: Turn = { state, nowMillis, random, effects: [] }
  noteLateness(turn)
  react(turn, event)
  return turn.effects
}

/** When the node next wants a `Tick`, in monotonic ms; at once while it waits for the packets of a `DrainInbox`. */
export const nextDeadlineMillis = ({ due, stall }: SwimState): number =>
  stall === undefined
    ? Math.min(
        due.probe,
        due.relays,
        due.check,
        due.verdicts,
        due.generation,
        due.gossip,
        due.sync,
        due.exchanges,
        due.heal,
        due.seeds,
        due.leave,
        due.sweep
      )
    : stall.noticedAtMillis

const react = (turn: Turn, event: SwimEvent): void => {
  switch (event._tag) {
    case "Tick":
      return tick(turn)
    case "Received":
      return onReceived(turn, event)
    case "SendFailed":
      return onSendFailed(turn, event.address)
    case "StreamPinged":
      return onStreamPinged(turn, event)
    case "SyncRequested":
      return onSyncRequested(turn, event.exchange, event.request)
    case "SyncEntries":
      return onSyncEntries(turn, event)
    case "SyncFailed":
      return onSyncFailed(turn, event.exchange, event.refused, event.detail)
    case "Stalled":
      return onStall(turn, event.millis)
    case "Join":
    case "Leave":
    case "UpdateSelf":
    case "ForceLeave":
    case "Broadcast":
      return command(turn, event)
  }
}

const onStreamPinged = (turn: Turn, { answer, seq }: Extract<SwimEvent, { _tag: "StreamPinged" }>): void =>
  seq === turn.state.check?.seq ? onChecked(turn, answer === "ack") : onStreamAnswer(turn, seq, answer)

type Command = Extract<SwimEvent, { _tag: "Join" | "Leave" | "UpdateSelf" | "ForceLeave" | "Broadcast" }>

const command = (turn: Turn, event: Command): void => {
  switch (event._tag) {
    case "Join":
      return join(turn, event.seeds)
    case "Leave":
      return leave(turn)
    case "UpdateSelf":
      return update(turn, event.change)
    case "ForceLeave":
      return forceLeave(turn, event.id)
    case "Broadcast":
      return broadcast(turn, event.name, event.payload)
  }
}

/** What each loop does when it is due; each sets its own next time from now, so nothing missed is made up for. */
const loops: ReadonlyArray<readonly [keyof Due, (turn: Turn) => void]> = [
  ["relays", onRelaysDue],
  ["check", (turn) => onChecked(turn, false)],
  ["exchanges", onExchangesDue],
  ["probe", onProbeDue],
  ["verdicts", onVerdictsDue],
  ["generation", onGenerationDue],
  ["leave", onLeaveDue],
  ["gossip", onGossipDue],
  ["sync", onSyncDue],
  ["heal", onHealDue],
  ["seeds", onSeedsDue],
  ["sweep", sweep]
]

/** A deadline that is long past, whoever notices, means that this process stood still; so does a packet that comes before the timer. */
const noteLateness = (turn: Turn): void => {
  if (turn.state.stall === undefined) onStall(turn, turn.nowMillis - nextDeadlineMillis(turn.state))
}

/** The tick that notices a stall judges nothing; the one after the waiting packets makes it good. */
const tick = (turn: Turn): void => {
  const { effects, nowMillis, state } = turn
  if (effects.length > 0) return
  makeGood(turn)
  if (state.phase === "left" || state.phase === "superseded") {
    for (const [name] of loops) state.due[name] = Infinity
  }
  for (const [name, run] of loops) {
    if (state.due[name] <= nowMillis) run(turn)
  }
}
