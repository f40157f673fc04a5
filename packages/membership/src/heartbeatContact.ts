/** What a node sends besides its rounds: the first contact of a join, goodbyes, and calls. */
import { Effect } from "effect"

import { type Exchange, stranger, type Useless } from "./heartbeatExchange.ts"
import type { HeartbeatNode } from "./heartbeatNode.ts"
import { JoinFailed, type Membership } from "./Membership.ts"
import { CallFailed, type PeerCalls } from "./PeerCalls.ts"

/** Most addresses that a join contacts at once. */
const joinConcurrency = 16

/** Contacts every address once; members that answer are alive, and their addresses learned. */
export const makeJoin = (exchange: Exchange): Membership["Service"]["join"] =>
  Effect.fn("Membership.join")(function* (addresses) {
    const results = yield* Effect.forEach(
      addresses,
      (address) => Effect.result(Effect.flatMap(exchange.beat(address, {}, undefined), exchange.accept)),
      { concurrency: joinConcurrency }
    )
    const failures = results.filter((result) => result._tag === "Failure")
    if (failures.length < results.length) return results.length - failures.length
    const detail = failures.map(({ failure }) => failure.detail).join("; ")
    return yield* new JoinFailed({ addresses, detail: detail || "no address was given" })
  })

/** Tells every peer goodbye, each within one interval; a peer that misses it sees this node die instead. */
export const makeGoodbyes = (node: HeartbeatNode, exchange: Exchange): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.forEach(
      node.configured.flatMap((peer) => node.addressOf(peer) ?? []),
      (address) =>
        Effect.ignore(
          exchange.ask(address, { _tag: "Goodbye", ...node.envelope() }, { timeout: node.options.interval })
        ),
      { concurrency: "unbounded", discard: true }
    )
  )

/** Asks one peer something. */
export const makeCall = (node: HeartbeatNode, exchange: Exchange): PeerCalls["Service"]["call"] =>
  Effect.fn("PeerCalls.call")(function* (peer, { name, payload, timeout, replyBytesMax }) {
    const fail = ({ kind, detail }: Useless) => new CallFailed({ peer, name, kind, detail })
    const address = node.addressOf(peer)
    if (address === undefined) return yield* fail({ kind: "no_address", detail: "no address is known" })
    const request = { _tag: "Call", ...node.envelope(), name, payload } as const
    const reply = yield* Effect.mapError(exchange.ask(address, request, { timeout, replyBytesMax }), fail)
    if (reply._tag === "Refusal") return yield* fail({ kind: "refused", detail: reply.detail })
    const wrong = stranger(node, reply, peer)
    if (wrong !== undefined) return yield* fail(wrong)
    if (reply._tag === "Answer") return reply.payload
    return yield* fail({ kind: "unexpected_reply", detail: `a call was answered by a ${reply._tag}` })
  })
