/**
 * The links between up to 10,000 members: delay, loss, duplication, reordering (by random delays), cuts per direction and partitions.
 *
 * Not the `Network` of the elections: that one names pairs of nodes in text and draws from one generator, while here a partition is a group per
 * member and every sender draws from its own generator, so that one more member changes nothing for the others.
 */
import type { Random } from "../Random.ts"

/** How links treat packets. */
export interface Weather {
  readonly delayMillisMin: number
  readonly delayMillisMax: number
  /** Probability that a packet is lost. */
  readonly loss: number
  /** Probability that a packet arrives twice. */
  readonly duplication: number
}

/** A local network without faults. */
export const calm: Weather = { delayMillisMin: 0.2, delayMillisMax: 1.5, loss: 0, duplication: 0 }

/** Time after which a stream sends a lost segment again, in ms. */
const resendMillis = 200

/** The links of a world; members are numbers from 0. */
export class Links {
  /** Applies to every link from now on. */
  weather: Weather = calm
  readonly #cuts = new Set<number>()
  readonly #groups = new Map<number, number>()

  /** Stops what goes from one member to another; the other direction stays. */
  cut(from: number, to: number): void {
    this.#cuts.add(pair(from, to))
  }

  /** Puts members into a group of their own; those of different groups do not hear each other. */
  part(members: ReadonlyArray<number>, group: number): void {
    for (const member of members) this.#groups.set(member, group)
  }

  /** Takes all cuts and partitions back. */
  heal(): void {
    this.#cuts.clear()
    this.#groups.clear()
  }

  /** Whether anything gets from one member to another. */
  passes(from: number, to: number): boolean {
    if (this.#groups.size > 0 && (this.#groups.get(from) ?? 0) !== (this.#groups.get(to) ?? 0)) return false
    return this.#cuts.size === 0 || !this.#cuts.has(pair(from, to))
  }

  /** How many copies of a packet arrive: none, one or two. */
  copies(random: Random): number {
    const { duplication, loss } = this.weather
    if (loss > 0 && random.chance(loss)) return 0
    return duplication > 0 && random.chance(duplication) ? 2 : 1
  }

  /** Time that a packet takes, in ms. */
  delay(random: Random): number {
    return random.between(this.weather.delayMillisMin, this.weather.delayMillisMax)
  }

  /** Time that a message on a stream takes, in ms: nothing is lost, what is lost is sent again. */
  streamDelay(random: Random): number {
    let millis = this.delay(random)
    while (random.chance(Math.min(this.weather.loss, 0.9))) millis += resendMillis
    return millis
  }
}

/** One number for two, exact up to 10^6 members. */
const pair = (from: number, to: number): number => from * 1_000_000 + to
