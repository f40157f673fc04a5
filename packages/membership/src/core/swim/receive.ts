/** Packets: the facts beside a message are taken up first, so that an answer already knows them. */
import { viewHash } from "./comparison.ts"
import { compareProcesses } from "./memberKey.ts"
import { slotOf } from "./memberTable.ts"
import { merge } from "./merge.ts"
import { instanceHash, type Ack, type NotMe, type Ping } from "./messages.ts"
import { gossip, send } from "./outbox.ts"
import { isMe, onAnswer, onNack } from "./probe.ts"
import { allowed } from "./rateWindow.ts"
import { onPingReq, onRelayAnswer } from "./relay.ts"
import type { Source, SwimEvent, SwimState, Turn } from "./swimState.ts"
import { onUserEvent } from "./userEvents.ts"

type Received = Extract<SwimEvent, { _tag: "Received" }>

/** Takes a packet in. A node that is gone, or without a name, hears nothing. */
export const onReceived = (turn: Turn, packet: Received): void => {
  const { state } = turn
  if (state.phase === "left" || state.phase === "superseded") {
    state.counters.inboundIgnored += 1
    return
  }
  const source: Source = { via: "packet", from: packet.from, address: packet.address, ageMillis: 0 }
  for (const item of packet.gossip) {
    if (item.kind === "user") onUserEvent(turn, item)
    else merge(turn, item, source)
  }
  const { message } = packet
  switch (message._tag) {
    case "Ping":
      return onPing(turn, message, packet)
    case "PingReq":
      return onPingReq(turn, message, packet)
    case "Ack":
      if (message.wantsRecord) introduce(turn, packet)
      return answered(turn, message, packet)
    case "NotMe":
      return answered(turn, message, packet)
    case "Nack":
      return onNack(turn, message, packet.from)
    case "Gossip":
      return
  }
}

const onPing = (turn: Turn, { sender, seq, target }: Ping, { address, from }: Received): void => {
  const { state } = turn
  const to = { id: from, address }
  if (!isMe(state, target)) {
    const { generation, id } = state.self
    return send(turn, to, { _tag: "NotMe", seq, id, generation }, state.self)
  }
  send(turn, to, {
    _tag: "Ack",
    seq,
    target,
    wantsRecord: !isKnown(state, from, sender),
    view: viewHash(state)
  })
}

/** Whether this node holds the sender's newest record, or one that is newer than the sender says. */
const isKnown = ({ table }: SwimState, id: string, sender: Ping["sender"]): boolean => {
  const slot = slotOf(table, id)
  const record = slot === undefined ? undefined : table.records[slot]
  if (slot === undefined || record === undefined) return false
  const doubt = table.troubles.get(slot)?.fact
  if (doubt !== undefined && compareProcesses(record, doubt) < 0) return false
  if (record.generation !== sender.generation) return record.generation > sender.generation
  return instanceHash(record.instance) !== sender.instanceHash || record.incarnation >= sender.incarnation
}

/** Sends this node's record to a member that does not know it, once a second. */
const introduce = (turn: Turn, { address, from }: Received): void => {
  const { state } = turn
  if (state.phase === "member" && allowed(state.introductionWindow, from, 1, turn.nowMillis)) {
    send(turn, { id: from, address }, gossip, state.self)
  }
}

const answered = (turn: Turn, message: Ack | NotMe, packet: Received): void => {
  if (!onAnswer(turn, message, packet) && !onRelayAnswer(turn, message, packet))
    turn.state.counters.strayAnswers += 1
}
