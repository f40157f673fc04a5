/** One request and its reply: the deadline, and whether the reply is worth anything. */
import { Duration, Effect } from "effect"

import { type HeartbeatReply, type HeartbeatRequest, protocolVersion } from "./HeartbeatMessage.ts"
import type { HeartbeatNode } from "./heartbeatNode.ts"
import type { Payloads, Riders } from "./heartbeatRiders.ts"
import { type HeartbeatTransport, type SendOptions, TransportError } from "./HeartbeatTransport.ts"
import type { NodeId } from "./Membership.ts"

type BeatReply = Extract<HeartbeatReply, { _tag: "Beat" }>

/** No reply, or one that proves nothing; `kind` labels the error metric. */
export interface Useless {
  readonly kind: string
  readonly detail: string
}

/** How one node talks to others. */
export interface Exchange {
  /** Sends a request and waits for any reply until the deadline. */
  readonly ask: (
    address: string,
    request: HeartbeatRequest,
    options: SendOptions & { readonly timeout: Duration.Input }
  ) => Effect.Effect<HeartbeatReply, Useless>
  /** Sends a beat and waits one interval for the beat of `expected`, or of any member when undefined. */
  readonly beat: (
    address: string,
    payloads: Payloads,
    expected: NodeId | undefined
  ) => Effect.Effect<BeatReply, Useless>
  /** Takes a beat's answer as proof of life of its sender and hands it to the riders. */
  readonly accept: (reply: BeatReply) => Effect.Effect<void, Useless>
}

/** The exchanges of a node. */
export const makeExchange = (
  node: HeartbeatNode,
  riders: Riders,
  transport: HeartbeatTransport["Service"]
): Exchange => {
  const ask: Exchange["ask"] = (address, request, { timeout, ...limits }) =>
    transport.send(address, request, limits).pipe(
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(timedOut(address, timeout)) }),
      Effect.mapError(({ kind, message }) => ({ kind, detail: message }))
    )

  return {
    ask,
    beat: (address, payloads, expected) => {
      const beat = { _tag: "Beat", ...node.envelope(), metadata: node.metadata(), riders: payloads } as const
      return Effect.flatMap(ask(address, beat, { timeout: node.options.interval }), (reply) =>
        proofOfLife(node, reply, expected)
      )
    },
    accept: Effect.fnUntraced(function* (reply) {
      const { from, instance, advertise, metadata } = reply
      const effects = yield* node.apply({ _tag: "Heard", from, instance, advertise, metadata })
      const ignored = effects.find((effect) => effect._tag === "Ignored")
      if (ignored !== undefined) {
        return yield* Effect.fail({ kind: ignored.reason, detail: `the reply of ${from} proves nothing` })
      }
      yield* riders.onReply(from, reply.riders)
    })
  }
}

/** Why the sender of a reply is not the member that was asked, if so. */
export const stranger = (
  node: HeartbeatNode,
  reply: Exclude<HeartbeatReply, { _tag: "Refusal" }>,
  expected: NodeId | undefined
): Useless | undefined => {
  const { cluster, self } = node.options
  if (reply.protocol !== protocolVersion) {
    return {
      kind: "protocol",
      detail: `it speaks heartbeat protocol ${reply.protocol}, this node ${protocolVersion}`
    }
  }
  if (reply.cluster !== cluster) {
    return {
      kind: "wrong_cluster",
      detail: `it belongs to cluster ${reply.cluster}, this node to ${cluster}`
    }
  }
  if (reply.from === self) return { kind: "own_id", detail: "the address is this node's own" }
  if (expected !== undefined && reply.from !== expected) {
    return { kind: "wrong_peer", detail: `${reply.from} lives there, not ${expected}` }
  }
  return undefined
}

const proofOfLife = (
  node: HeartbeatNode,
  reply: HeartbeatReply,
  expected: NodeId | undefined
): Effect.Effect<BeatReply, Useless> => {
  if (reply._tag === "Refusal") return Effect.fail({ kind: `refused_${reply.reason}`, detail: reply.detail })
  const wrong = stranger(node, reply, expected)
  if (wrong !== undefined) return Effect.fail(wrong)
  return reply._tag === "Beat"
    ? Effect.succeed(reply)
    : Effect.fail({ kind: "unexpected_reply", detail: `a beat was answered by a ${reply._tag}` })
}

const timedOut = (address: string, timeout: Duration.Input) =>
  new TransportError({
    address,
    kind: "timeout",
    detail: `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`
  })
