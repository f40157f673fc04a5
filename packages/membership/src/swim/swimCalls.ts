/** The calls of one SWIM node, both ways. */
import { Effect } from "effect"

import { makeCallAnswers } from "../callAnswers.ts"
import type { CallMessage } from "../core/swimWire/callCodec.ts"
import type { Sender } from "../core/swimWire/frameHeader.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { PeerCalls } from "../PeerCalls.ts"
import { makeCallPost } from "./callPost.ts"
import { makeInboundCalls } from "./inboundCalls.ts"
import { makeOutboundCalls } from "./outboundCalls.ts"
import type { PacketSeal } from "./packetSeal.ts"
import type { StreamNet } from "./streamNet.ts"
import type { SwimMetrics } from "./swimMetrics.ts"

/** Where a message came from. */
export interface CallSource {
  readonly from: Sender
  /** Of the packet; undefined for a stream. */
  readonly address: string | undefined
}

/** The calls of one node. */
export interface SwimCalls {
  readonly peerCalls: PeerCalls["Service"]
  readonly hear: (source: CallSource, message: CallMessage) => void
  /** Most bytes of a message that this member may send over a stream now. */
  readonly bytesMax: (from: string) => number
}

/** Room for what a message has besides its payload. */
const headBytesMax = 512

/** No calls yet. */
export const makeSwimCalls = (
  net: StreamNet,
  packets: PacketSeal,
  metrics: SwimMetrics,
  random: () => number
): SwimCalls => {
  const { run, state } = net
  const answers = makeCallAnswers()
  const post = makeCallPost(net, packets)
  const outbound = makeOutboundCalls({ state, random, post, countFailed: metrics.callFailed })
  const answer = makeInboundCalls({
    state,
    answers,
    post,
    run,
    countRefused: (reason, detail) => {
      metrics.callRefused(reason)
      run(Effect.logDebug("call refused", { reason, detail }))
    }
  })
  return {
    peerCalls: PeerCalls.of({
      addressOf: outbound.addressOf,
      call: outbound.call,
      answer: answers.answer
    }),
    hear: ({ address, from }, message) => {
      if (message._tag === "Call") return answer({ from, address, call: message })
      if (!outbound.hear(from.id, message)) metrics.strayReply()
    },
    bytesMax: (from) => headBytesMax + Math.max(wireLimits.callBytesMax, outbound.expectedBytes(from))
  }
}
