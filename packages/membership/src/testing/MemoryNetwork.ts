/**
 * A network in memory whose links can be cut and delayed per direction.
 *
 * Messages pass through the wire format, so bounds and bad payloads behave as on a real network. A cut link
 * loses messages silently; an address where nobody lives refuses at once.
 */
import { type Duration, Effect, Layer, type Scope } from "effect"

import { messageBytesMax } from "../HeartbeatMessage.ts"
import { HeartbeatTransport, TransportError } from "../HeartbeatTransport.ts"
import { decodeReply, encodeReply, encodeRequest } from "../messageCodec.ts"
import { type Inbox, makeInbox } from "../transport/inbox.ts"

/** A network of addresses; any string is one. */
export interface MemoryNetwork {
  /** A transport that lives at the address until the scope closes. */
  endpoint(address: string): Effect.Effect<HeartbeatTransport["Service"], never, Scope.Scope>
  /** The same as a layer. */
  layer(address: string): Layer.Layer<HeartbeatTransport>
  /** Loses everything sent from one address to another, replies included, until healed. */
  cut(from: string, to: string): Effect.Effect<void>
  heal(from: string, to: string): Effect.Effect<void>
  /** Delays everything sent from one address to another. */
  delay(from: string, to: string, duration: Duration.Input): Effect.Effect<void>
}

const link = (from: string, to: string) => `${from} -> ${to}`

/** An empty network without delay. */
export const makeMemoryNetwork: Effect.Effect<MemoryNetwork> = Effect.sync(() => {
  const inboxes = new Map<string, Inbox>()
  const cuts = new Set<string>()
  const delays = new Map<string, Duration.Input>()

  const travel = (from: string, to: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const delay = delays.get(link(from, to))
      const arrived = Effect.suspend(() => (cuts.has(link(from, to)) ? Effect.never : Effect.void))
      return delay === undefined ? arrived : Effect.andThen(Effect.sleep(delay), arrived)
    })

  const sendFrom = (from: string): HeartbeatTransport["Service"]["send"] =>
    Effect.fnUntraced(function* (address, request, options) {
      const fail = (kind: TransportError["kind"], detail: string) =>
        new TransportError({ address, kind, detail })
      const text = yield* Effect.mapError(encodeRequest(request), (error) =>
        fail("bad_message", error.message)
      )
      if (Buffer.byteLength(text) > messageBytesMax) {
        return yield* fail("too_large", `a request has at most ${messageBytesMax} bytes`)
      }
      yield* travel(from, address)
      const inbox = inboxes.get(address)
      if (inbox === undefined) return yield* fail("unreachable", "nobody lives at this address")
      const reply = yield* inbox.receive(text).pipe(
        Effect.flatMap(encodeReply),
        Effect.mapError((error) => fail("unreadable", error.message))
      )
      yield* travel(address, from)
      const bytesMax = options?.replyBytesMax ?? messageBytesMax
      if (Buffer.byteLength(reply) > bytesMax)
        return yield* fail("too_large", `the reply exceeds ${bytesMax} bytes`)
      return yield* Effect.mapError(decodeReply(reply), (detail) => fail("unreadable", detail))
    })

  const endpoint = (address: string) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (inboxes.has(address)) return Effect.die(`${address} is taken`)
        const inbox = makeInbox()
        inboxes.set(address, inbox)
        return Effect.succeed(HeartbeatTransport.of({ send: sendFrom(address), serve: inbox.serve }))
      }),
      () => Effect.sync(() => inboxes.delete(address))
    )

  return {
    endpoint,
    layer: (address) => Layer.effect(HeartbeatTransport, endpoint(address)),
    cut: (from, to) => Effect.sync(() => cuts.add(link(from, to))),
    heal: (from, to) => Effect.sync(() => cuts.delete(link(from, to))),
    delay: (from, to, duration) => Effect.sync(() => delays.set(link(from, to), duration))
  }
})
