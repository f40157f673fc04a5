/** The links of a simulated world: delay, loss, duplication, reordering (by random delays) and cuts, each per direction. */
import type { Random } from "./Random.ts"

/** How one direction of a link treats messages. */
export interface Link {
  readonly delayMillisMin: number
  readonly delayMillisMax: number
  /** Probability that a message is lost. */
  readonly loss: number
  /** Probability that a message arrives twice. */
  readonly duplication: number
}

/** The links of a world. */
export class Network {
  readonly #random: Random
  /** How many cuts stand between two nodes: faults overlap, and one that ends must not end another. */
  readonly #cuts = new Map<string, number>()
  /** Applies to every link from now on. */
  link: Link

  constructor(random: Random, link: Link) {
    this.#random = random
    this.link = link
  }

  /** Stops messages from one node to another; the other direction stays. */
  cut(from: string, to: string): void {
    this.#change(from, to, 1)
  }

  /** Takes one cut back. */
  heal(from: string, to: string): void {
    this.#change(from, to, -1)
  }

  /** Delays in ms of the copies that arrive of one message: none, one or two. */
  deliveries(from: string, to: string): ReadonlyArray<number> {
    const { delayMillisMax, delayMillisMin, duplication, loss } = this.link
    if (this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`)) return []
    if (loss > 0 && this.#random.chance(loss)) return []
    const delay = () => this.#random.between(delayMillisMin, delayMillisMax)
    return duplication > 0 && this.#random.chance(duplication) ? [delay(), delay() + delay()] : [delay()]
  }

  #change(from: string, to: string, by: 1 | -1): void {
    const key = `${from}>${to}`
    const cuts = (this.#cuts.get(key) ?? 0) + by
    if (cuts > 0) this.#cuts.set(key, cuts)
    else this.#cuts.delete(key)
  }
}
