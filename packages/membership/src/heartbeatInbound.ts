/** Answers what other nodes ask: who is admitted, and what a beat, a goodbye and a call do. */
import { Effect } from "effect"

import { makeCallAnswers } from "./callAnswers.ts"
import type { HeartbeatReply, HeartbeatRequest, Refusal } from "./HeartbeatMessage.ts"
import { protocolVersion } from "./HeartbeatMessage.ts"
import { countRefused } from "./heartbeatMetrics.ts"
import type { HeartbeatNode } from "./heartbeatNode.ts"
import type { Riders } from "./heartbeatRiders.ts"
import { protocolMismatch, refusal } from "./messageCodec.ts"
import type { PeerCalls } from "./PeerCalls.ts"

type Of<Tag> = Extract<HeartbeatRequest, { _tag: Tag }>

/** The inbound side of a node. */
export interface Inbound {
  readonly handle: (request: HeartbeatRequest) => Effect.Effect<HeartbeatReply>
  /** Answers calls of this name until the scope closes. Dies when the name is taken. */
  readonly answer: PeerCalls["Service"]["answer"]
}

/** The inbound side of a node; refusals are counted. */
export const makeInbound = (node: HeartbeatNode, riders: Riders): Inbound => {
  const answers = makeCallAnswers()

  const beat = Effect.fnUntraced(function* (request: Of<"Beat">) {
    const effects = yield* node.apply({
      _tag: "Heard",
      from: request.from,
      instance: request.instance,
      advertise: request.advertise,
      metadata: request.metadata
    })
    if (effects.some(({ _tag }) => _tag === "Ignored")) {
      return refusal("left", `${request.from} said goodbye; a new run may come back`)
    }
    const payloads = yield* riders.onBeat(request.from, request.riders)
    return { _tag: "Beat", ...node.envelope(), metadata: node.metadata(), riders: payloads } as const
  })

  const goodbye = (request: Of<"Goodbye">) =>
    node
      .apply({ _tag: "Goodbye", from: request.from, instance: request.instance })
      .pipe(Effect.as({ _tag: "Farewell", ...node.envelope() } as const))

  const call = Effect.fnUntraced(function* (request: Of<"Call">) {
    const handler = answers.find(request.name)
    if (handler === undefined) return refusal("no_answer", `nobody here answers ${request.name}`)
    const payload = yield* handler(request.from, request.payload)
    return { _tag: "Answer", ...node.envelope(), payload } as const
  })

  const accept = (request: HeartbeatRequest): Effect.Effect<HeartbeatReply> => {
    switch (request._tag) {
      case "Beat":
        return beat(request)
      case "Goodbye":
        return goodbye(request)
      case "Call":
        return call(request)
    }
  }

  return {
    handle: (request) =>
      Effect.suspend(() => {
        const refused = admit(node, request)
        return refused === undefined ? accept(request) : Effect.succeed(refused)
      }).pipe(Effect.tap((reply) => (reply._tag === "Refusal" ? countRefused(reply) : Effect.void))),
    answer: answers.answer
  }
}

const admit = (node: HeartbeatNode, request: HeartbeatRequest): Refusal | undefined => {
  const { cluster, self } = node.options
  if (request.protocol !== protocolVersion) return refusal("protocol", protocolMismatch(request.protocol))
  if (request.cluster !== cluster) {
    return refusal(
      "wrong_cluster",
      `this is ${self} of cluster ${cluster}; the sender belongs to ${request.cluster}: check its address list`
    )
  }
  if (request.from === self) {
    return refusal("own_id", `this node is ${self} as well; give each node an id of its own`)
  }
  if (!node.configured.includes(request.from)) {
    return refusal("unknown_sender", `${request.from} is not among the configured members of ${self}`)
  }
  return node.hasLeft() ? refusal("left", `${self} has left the cluster`) : undefined
}
