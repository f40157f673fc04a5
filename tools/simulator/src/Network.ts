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
  readonly #cut = new Set<string>()
  /** Applies to every link from now on. */
  link: Link

  constructor(random: Random, link: Link) {
    this.#random = random
    this.link = link
  }

  /** Stops messages from one node to another; the other direction stays. */
  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`)
  }

  /** Lets messages from one node to another through again. */
  heal(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`)
  }

  /** Lets all messages through again. */
  healAll(): void {
    this.#cut.clear()
  }

  /** Delays in ms of the copies that arrive of one message: none, one or two. */
  deliveries(from: string, to: string): ReadonlyArray<number> {
    const { delayMillisMax, delayMillisMin, duplication, loss } = this.link
    if (this.#cut.has(`${from}>${to}`)) return []
    if (loss > 0 && this.#random.chance(loss)) return []
    const delay = () => this.#random.between(delayMillisMin, delayMillisMax)
    return duplication > 0 && this.#random.chance(duplication) ? [delay(), delay() + delay()] : [delay()]
  }
}
