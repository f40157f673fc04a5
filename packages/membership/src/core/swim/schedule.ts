/** When the loops of a node begin, and how often it looks for what is to be forgotten. */
import type { SwimOptions } from "./options.ts"
import type { Due, Turn } from "./swimState.ts"

/** Longest time between two looks for what is to be forgotten, in ms. */
const sweepMillisMax = 60_000

/** Beginnings are spread over their periods, so that nodes started together do not act together. */
export const firstDue = (options: SwimOptions, nowMillis: number, random: () => number): Due => ({
  probe: nowMillis + random() * options.probeIntervalMillis,
  relays: Infinity,
  check: Infinity,
  verdicts: Infinity,
  generation: Infinity,
  gossip: Infinity,
  sync: nowMillis + random() * options.pushPullIntervalMillis,
  exchanges: Infinity,
  heal: nowMillis + random() * options.healIntervalMillis,
  seeds: nowMillis + random() * options.seedIntervalMillis,
  leave: Infinity,
  sweep: nowMillis + sweepPeriodMillis(options)
})

/** First of the push/pulls that a node does soon after it met others, in ms; each next one waits twice as long, up to the period. */
const soonMillisMin = 1000

/** Brings the next push/pulls forward: this node, or the side that it found again, has much to hear and to tell. */
export const syncSoon = ({ nowMillis, random, state }: Turn): void => {
  state.soonMillis = 2 * soonMillisMin
  state.due.sync = nowMillis + jittered(soonMillisMin, random)
}

/** Share by which the periods of push/pulls differ at random, so that nodes do not fall into step. */
const jitter = 0.1

/** A period of push/pulls, a little shorter or longer. */
export const jittered = (millis: number, random: () => number): number =>
  millis * (1 - jitter + 2 * jitter * random())

/** Time between two looks for what is to be forgotten, in ms. */
export const sweepPeriodMillis = ({ tombstoneTtlMillis }: SwimOptions): number =>
  Math.max(1000, Math.min(sweepMillisMax, tombstoneTtlMillis / 10))
