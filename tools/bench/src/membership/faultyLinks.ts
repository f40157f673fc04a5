/** Real links with faults between ports of 127.0.0.1, and a count of what is sent over them. */
import { SwimTransport } from "@coterie/membership"
import { Effect, Layer } from "effect"

import type { Request } from "./protocol.ts"

/** What nodes sent, without IP and UDP headers. */
export interface Traffic {
  datagramsOut: number
  bytesOut: number
  streamsOut: number
}

type Link = Omit<Extract<Request, { cmd: "setLink" }>, "cmd" | "from" | "to">

const perfect: Link = { loss: 0, delayMillis: 0, cut: false }

/** The links of one process; all are perfect at first. */
export class FaultyLinks {
  readonly traffic: Traffic = { datagramsOut: 0, bytesOut: 0, streamsOut: 0 }
  readonly #faulty = new Map<string, Link>()
  #onConnect: (() => void) | undefined

  /** Sets the links from each port to each of the others. */
  set({ from, to, ...link }: Extract<Request, { cmd: "setLink" }>): void {
    for (const one of from) for (const other of to) this.#faulty.set(`${one} ${other}`, link)
  }

  /**
   * Resolves once another stream was begun, right before the timers that are due then: a process that is held up there runs them late, and
   * before it reads what came in meanwhile.
   */
  nextStream(): Promise<void> {
    return new Promise((resolve) => {
      this.#onConnect = resolve
    })
  }

  /** The transport of a node, which sends over these links. */
  over<E>(layer: Layer.Layer<SwimTransport, E>): Layer.Layer<SwimTransport, E> {
    return Layer.effect(
      SwimTransport,
      Effect.map(SwimTransport, (inner) => this.#wrap(inner))
    ).pipe(Layer.provide(layer))
  }

  #wrap(inner: SwimTransport["Service"]): SwimTransport["Service"] {
    const own = portOf(inner.address)
    const linkTo = (address: string): Link =>
      this.#faulty.size === 0 ? perfect : (this.#faulty.get(`${own} ${portOf(address)}`) ?? perfect)
    return {
      ...inner,
      send: (to, packet) => {
        this.traffic.datagramsOut += 1
        this.traffic.bytesOut += packet.length
        const { cut, delayMillis, loss } = linkTo(to)
        if (cut || (loss > 0 && Math.random() < loss)) return
        if (delayMillis > 0) setTimeout(() => inner.send(to, packet), delayMillis)
        else inner.send(to, packet)
      },
      connect: (to, handler) => {
        this.traffic.streamsOut += 1
        if (this.#onConnect !== undefined) setImmediate(this.#onConnect)
        this.#onConnect = undefined
        return linkTo(to).cut ? silence : inner.connect(to, handler)
      }
    }
  }
}

/** A stream to nobody. */
const silence = { write: () => undefined, end: () => undefined, destroy: () => undefined }

const portOf = (address: string): string => address.slice(address.lastIndexOf(":") + 1)
