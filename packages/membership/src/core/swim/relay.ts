/** Pings done for others: an answer is passed on at once, silence is reported while the asker still waits. */
import { viewHash } from "./comparison.ts"
import { slotOf } from "./memberTable.ts"
import type { Ack, NotMe, PingReq } from "./messages.ts"
import { send } from "./outbox.ts"
import { type Answerer, isFrom, isMe, sendPing } from "./probe.ts"
import { allowed } from "./rateWindow.ts"
import { nextSeq, type Relay, type SwimState, type Turn } from "./swimState.ts"

/** Share of the asker's time after which silence is reported; memberlist waits for all of it, and its report comes too late. */
const nackShare = 0.8

/** Pings for others at a time. */
const relaysMax = 256

/** Of these, pings for one asker. */
const relaysPerAskerMax = 32

/** Whatever the asker says, a ping for it is remembered no longer than the longest round of a node in bad health, in ms. */
const longestRoundMillis = ({ options }: SwimState): number =>
  options.awarenessMax * options.probeIntervalMillis

type Asker = Pick<Answerer, "address" | "from">

/** Pings the target for the sender, or says that it asks too often. */
export const onPingReq = (turn: Turn, message: PingReq, sender: Asker): void => {
  const { nowMillis, state } = turn
  const origin = { id: sender.from, address: sender.address }
  if (isMe(state, message.target)) {
    const { seq, target } = message
    return send(turn, origin, { _tag: "Ack", seq, target, wantsRecord: false, view: viewHash(state) })
  }
  if (
    !hasRoomFor(state, sender) ||
    !allowed(state.relayWindow, sender.from, state.options.pingReqsPerSecond, nowMillis)
  ) {
    state.counters.pingReqsRefused += 1
    return send(turn, origin, { _tag: "Nack", seq: message.seq, reason: "rate_limited" })
  }
  const budgetMillis = Math.min(message.budgetMillis, longestRoundMillis(state))
  const relay: Relay = {
    seq: nextSeq(state),
    origin: sender.from,
    originAddress: sender.address,
    originSeq: message.seq,
    target: message.target,
    address: message.address,
    incarnation: message.incarnation,
    nackAtMillis: nowMillis + nackShare * budgetMillis,
    endsAtMillis: nowMillis + budgetMillis
  }
  state.relays.set(relay.seq, relay)
  state.due.relays = Math.min(state.due.relays, relay.nackAtMillis)
  sendPing(turn, relay.seq, relay.target, message.address)
}

/** An asker is its id, and also its address: where packets are open anybody may write any id. */
const hasRoomFor = ({ relays }: SwimState, { address, from }: Asker): boolean => {
  if (relays.size >= relaysMax) return false
  let asked = 0
  for (const { origin, originAddress } of relays.values()) {
    if (origin === from || originAddress === address) asked += 1
  }
  return asked < relaysPerAskerMax
}

/** Passes an answer on to who asked for it, with the target's newer record if there is one; false when nobody did. */
export const onRelayAnswer = (turn: Turn, message: Ack | NotMe, sender: Answerer): boolean => {
  const { state } = turn
  const relay = state.relays.get(message.seq)
  if (relay === undefined || !isBelieved(relay, message, sender)) return false
  state.relays.delete(relay.seq)
  const slot = slotOf(state.table, relay.target.id)
  const record = slot === undefined ? undefined : state.table.records[slot]
  const isNews =
    record !== undefined &&
    (record.generation > relay.target.generation || record.incarnation > relay.incarnation)
  send(
    turn,
    { id: relay.origin, address: relay.originAddress },
    message._tag === "Ack"
      ? { ...message, seq: relay.originSeq, wantsRecord: false }
      : { ...message, seq: relay.originSeq },
    isNews ? record : undefined
  )
  return true
}

/** A stranger that says so at the address pinged is believed too, as in a round of our own. */
const isBelieved = ({ address, target }: Relay, message: Ack | NotMe, sender: Answerer): boolean => {
  const isOwn = isFrom({ id: target.id, address }, sender)
  if (message._tag === "NotMe") return isOwn || sender.address === address
  return (
    isOwn &&
    message.target.id === target.id &&
    message.target.generation === target.generation &&
    message.target.instanceHash === target.instanceHash
  )
}

/** Reports silence where it is time to, and forgets what nobody waits for any more. */
export const onRelaysDue = (turn: Turn): void => {
  const { nowMillis, state } = turn
  state.due.relays = Infinity
  for (const relay of state.relays.values()) {
    if (nowMillis >= relay.endsAtMillis) state.relays.delete(relay.seq)
    if (nowMillis >= relay.nackAtMillis) {
      relay.nackAtMillis = Infinity
      const { origin, originAddress, originSeq } = relay
      send(
        turn,
        { id: origin, address: originAddress },
        { _tag: "Nack", seq: originSeq, reason: "no_answer" }
      )
    }
    if (nowMillis < relay.endsAtMillis) {
      state.due.relays = Math.min(state.due.relays, relay.nackAtMillis, relay.endsAtMillis)
    }
  }
}
