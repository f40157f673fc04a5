/** How a call or its answer goes out: as one packet where it fits, else over a stream of its own. */
import type { MemberFact } from "../core/swim/memberRecord.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { memberView } from "../core/swim/view.ts"
import type { CallMessage } from "../core/swimWire/callCodec.ts"
import { packetSizes } from "../core/swimWire/packetCodec.ts"
import { callParts } from "../core/swimWire/streamCodec.ts"
import { ask } from "./outboundTalk.ts"
import type { PacketSeal } from "./packetSeal.ts"
import type { StreamNet } from "./streamNet.ts"

/** Where a message goes. */
export interface CallReceiver {
  readonly id: string
  readonly address: string
}

/** Sends a message, or loses it; after `budgetMillis` nobody waits for it any more. */
export type CallPost = (to: CallReceiver, message: CallMessage, budgetMillis: number) => void

/** The post of one node. */
export const makeCallPost = (net: StreamNet, packets: PacketSeal): CallPost => {
  const { state, transport } = net
  const sizes = packetSizes(packets.overheadBytes(state.self.id))
  const room = state.options.packetBytesMax
  const sendByStream = makeStreams(net)

  return ({ address, id }, message, budgetMillis) => {
    const bytes = sizes.message(message)
    if (bytes > room) return sendByStream(address, message, budgetMillis)
    const doubt = doubtOf(state, id)
    const gossip = doubt !== undefined && bytes + sizes.item(doubt) <= room ? [doubt] : []
    const packet = packets.seal(state.self, { message, gossip })
    if (packet !== undefined) transport.send(address, packet)
  }
}

/** What is held against a member that lives after all: told beside whatever it is told, it refutes at once (the buddy system of Lifeguard). */
const doubtOf = (state: SwimState, id: string): MemberFact | undefined => {
  const view = memberView(state, id)
  return view?.standing === "suspect" || view?.standing === "dead" ? view.fact : undefined
}

/** Most streams with calls or answers of this node at a time; what they bring may wait in memory for a receiver that is slow. */
const streamsMax = 64

/** Each message has a stream of its own, over which nothing comes back: the receiver closes it when it has everything. */
const makeStreams = (net: StreamNet) => {
  let open = 0
  const closed = (): void => {
    open -= 1
  }
  return (address: string, message: CallMessage, budgetMillis: number): void => {
    const [first, ...rest] = callParts(message)
    if (first === undefined) return
    if (open >= streamsMax) return net.countFault("too_many")
    open += 1
    const { say } = ask(net, {
      address,
      timeoutMillis: Math.min(budgetMillis, net.state.options.streamTimeoutMillis),
      first,
      hear: (_, _from, talk) => {
        net.countFault("unexpected")
        talk.drop()
        closed()
      },
      fail: closed
    })
    for (const part of rest) say(part)
  }
}
