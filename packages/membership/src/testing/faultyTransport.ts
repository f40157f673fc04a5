/** A real transport between whose node and some addresses nothing passes, for tests of partitions without rights over the network. */
import { Context, Effect, Layer } from "effect"

import { SwimTransport } from "../SwimTransport.ts"

/** The hand that cuts. */
export interface TransportFaults {
  /** Loses packets to and from these addresses, and streams to them; streams from them need the same at the other end. */
  readonly cut: (addresses: ReadonlyArray<string>) => void
  /** Mends everything. */
  readonly heal: () => void
}

/** The transport of a layer, with faults. */
export const makeFaultyTransport = <E, R>(
  layer: Layer.Layer<SwimTransport, E, R>
): { readonly layer: Layer.Layer<SwimTransport, E, R>; readonly faults: TransportFaults } => {
  const cut = new Set<string>()
  const faulty = Effect.map(Layer.build(layer), (context) => {
    const inner = Context.get(context, SwimTransport)
    return {
      ...inner,
      send: (to, packet) => {
        if (!cut.has(to)) inner.send(to, packet)
      },
      connect: (to, handler) =>
        cut.has(to)
          ? { write: () => undefined, end: () => undefined, destroy: () => undefined }
          : inner.connect(to, handler),
      serve: (handler) =>
        inner.serve({
          ...handler,
          onPacket: (packet, from) => {
            if (!cut.has(from)) handler.onPacket(packet, from)
          }
        })
    } satisfies SwimTransport["Service"]
  })
  return {
    layer: Layer.effect(SwimTransport, faulty),
    faults: {
      cut: (addresses) => {
        for (const address of addresses) cut.add(address)
      },
      heal: () => cut.clear()
    }
  }
}
