/**
 * A network in memory for SWIM whose packets get lost and late, and whose links are cut per direction, as a test says.
 *
 * Time is Effect's, so `TestClock` drives it. Any text without spaces is an address.
 */
import { type Duration, Effect, FiberSet, Layer, Random, type Scope } from "effect"

import {
  type SwimStream,
  type SwimStreamHandler,
  SwimTransport,
  type SwimTransportHandler
} from "../SwimTransport.ts"
import { makeServing } from "../transport/serving.ts"

/** A network of addresses. */
export interface SwimMemoryNetwork {
  /** A transport that lives at the address until the scope closes. */
  endpoint(address: string): Effect.Effect<SwimTransport["Service"], never, Scope.Scope>
  /** The same as a layer. */
  layer(address: string): Layer.Layer<SwimTransport>
  /** Loses everything sent from one address to another, until healed. */
  cut(from: string, to: string): void
  /** Cuts every link between the two groups, both ways. */
  part(one: ReadonlyArray<string>, other: ReadonlyArray<string>): void
  /** Mends the link from one address to another. */
  mend(from: string, to: string): void
  /** Mends all links. */
  heal(): void
  /** Loses this share of all packets, 0 to 1; streams lose nothing. */
  lose(share: number): void
  /** Delays everything by this. */
  delay(duration: Duration.Input): void
}

/** An empty network without loss or delay; its timers end with the scope. */
export const makeSwimMemoryNetwork = Effect.gen(function* () {
  const run = yield* FiberSet.makeRuntime()
  const random = yield* Random.Random
  const served: Residents = new Map()
  const cuts = new Set<string>()
  let loss = 0
  let delay: Duration.Input | undefined

  /** Delivers unless the link is cut when the time comes. */
  const carry: Carry = (from, to, deliver) => {
    const arrive = () => {
      if (!cuts.has(link(from, to))) deliver()
    }
    if (delay === undefined) queueMicrotask(arrive)
    else run(Effect.delay(Effect.sync(arrive), delay))
  }

  const endpoint = Effect.fnUntraced(function* (address: string) {
    const { handler, serve } = makeServing()
    yield* Effect.acquireRelease(
      served.has(address)
        ? Effect.die(`${address} is taken`)
        : Effect.sync(() => void served.set(address, handler)),
      () => Effect.sync(() => served.delete(address))
    )
    return SwimTransport.of({
      address,
      isAddress: (text) => /^[\x21-\x7e]{1,64}$/.test(text),
      send: (to, packet) => {
        if (random.nextDoubleUnsafe() < loss) return
        carry(address, to, () => served.get(to)?.()?.onPacket(packet, address))
      },
      connect: (to, streamHandler) => connect({ carry, served, from: address, to }, streamHandler),
      resolve: (seed) => Effect.succeed([seed]),
      drain: Effect.promise(() => Promise.resolve()),
      serve
    })
  })

  const cut = (from: string, to: string) => void cuts.add(link(from, to))
  return {
    endpoint,
    layer: (address) => Layer.effect(SwimTransport, endpoint(address)),
    cut,
    part: (one, other) => {
      for (const a of one)
        for (const b of other) {
          cut(a, b)
          cut(b, a)
        }
    },
    mend: (from, to) => void cuts.delete(link(from, to)),
    heal: () => cuts.clear(),
    lose: (share) => void (loss = share),
    delay: (duration) => void (delay = duration)
  } satisfies SwimMemoryNetwork
})

type Residents = Map<string, () => SwimTransportHandler | undefined>

type Carry = (from: string, to: string, deliver: () => void) => void

const link = (from: string, to: string) => `${from} > ${to}`

interface Connection {
  readonly carry: Carry
  readonly served: Residents
  readonly from: string
  readonly to: string
}

const connect = ({ carry, from, served, to }: Connection, handler: SwimStreamHandler): SwimStream => {
  const here = makeStreamEnd(handler)
  const there = makeStreamEnd(undefined)
  const near = attach(here, there, (deliver) => carry(from, to, deliver))
  const far = attach(there, here, (deliver) => carry(to, from, deliver))
  carry(from, to, () => {
    const accept = served.get(to)?.()
    if (accept === undefined) carry(to, from, () => here.close("nobody lives at this address"))
    else there.handler = accept.onStream(far, from)
  })
  return near
}

/** One end of a stream, as the network sees it. */
interface StreamEnd {
  handler: SwimStreamHandler | undefined
  isOpen: boolean
  close(detail: string): void
}

const makeStreamEnd = (handler: SwimStreamHandler | undefined): StreamEnd => ({
  handler,
  isOpen: true,
  close(detail) {
    if (!this.isOpen) return
    this.isOpen = false
    this.handler?.onClosed(detail)
  }
})

/** The stream of `own`, whose bytes reach `other`. */
const attach = (own: StreamEnd, other: StreamEnd, carry: (deliver: () => void) => void): SwimStream => ({
  write: (bytes, sent) => {
    if (!own.isOpen) return
    carry(() => {
      if (other.isOpen) other.handler?.onBytes(bytes)
    })
    if (sent !== undefined) queueMicrotask(sent)
  },
  end: () => {
    own.isOpen = false
    carry(() => other.close("the other side ended the stream"))
  },
  destroy: () => {
    own.isOpen = false
    carry(() => other.close("the other side broke the stream off"))
  }
})
