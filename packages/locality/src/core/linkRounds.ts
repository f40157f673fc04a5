/**
 * What the last rounds of probes over one directed link say; times are monotonic ms of the node that probed.
 *
 * Noise on a round trip only ever adds, so a round counts by its fastest probe and a link by the median of its rounds: one slow round, or one
 * slow spell shorter than half the window, changes nothing.
 */
import { quantile } from "./quantile.ts"

/** One round of probes, its values in ms. */
export interface Round {
  readonly atMillis: number
  /** The fastest probe; undefined when none came back. */
  readonly bestMillis: number | undefined
  readonly sent: number
  readonly lost: number
}

/** How many rounds a link remembers. */
export const roundsKept = 8

/** The last rounds, oldest first. Values outlive losses: what a link was like before an outage stays known. */
export interface LinkRounds {
  readonly answered: ReadonlyArray<Round & { readonly bestMillis: number }>
  readonly all: ReadonlyArray<Round>
  /** When the rounds began to be all answered and nearly the same; undefined while they are not. */
  readonly steadySinceMillis?: number | undefined
}

/** The share of its median by which the rounds of a steady link differ at most: their inter-quartile range, and the newest from the median. */
const steadyShare = 0.05

/** A link that was never probed. */
export const noRounds: LinkRounds = { answered: [], all: [] }

/** Adds a round and forgets the oldest one beyond `roundsKept`. */
export const addRound = ({ all, answered, steadySinceMillis }: LinkRounds, round: Round): LinkRounds => {
  const { atMillis, bestMillis } = round
  const rounds = {
    all: [...all, round].slice(-roundsKept),
    answered: bestMillis === undefined ? answered : [...answered, { ...round, bestMillis }].slice(-roundsKept)
  }
  return isSteady(rounds) ? { ...rounds, steadySinceMillis: steadySinceMillis ?? atMillis } : rounds
}

const isSteady = (rounds: LinkRounds): boolean => {
  const newestMillis = rounds.all.at(-1)?.bestMillis
  const estimate = estimateLink(rounds)
  if (newestMillis === undefined || estimate === undefined) return false
  const { iqrMillis, p50Millis } = estimate
  return Math.max(iqrMillis, Math.abs(newestMillis - p50Millis)) <= steadyShare * p50Millis
}

/** One directed link as its prober sees it. */
export interface LinkEstimate {
  /** Median of the rounds' values, in ms. */
  readonly p50Millis: number
  readonly p90Millis: number
  /** Inter-quartile range of the rounds' values: half of it is the error that decisions reckon with. */
  readonly iqrMillis: number
  /** Rounds behind the values, at most `roundsKept`. */
  readonly rounds: number
  /** Share of lost probes, 0 to 1. */
  readonly loss: number
  /** When the newest value was measured. */
  readonly measuredAtMillis: number
  /** When the link was last probed, answered or not. */
  readonly probedAtMillis: number
}

/** The estimate of a link; undefined while no probe ever came back. */
export const estimateLink = ({ all, answered }: LinkRounds): LinkEstimate | undefined => {
  const newest = answered.at(-1)
  if (newest === undefined) return undefined
  const values = answered.map(({ bestMillis }) => bestMillis).toSorted((a, b) => a - b)
  const sent = all.reduce((sum, round) => sum + round.sent, 0)
  const lost = all.reduce((sum, round) => sum + round.lost, 0)
  return {
    p50Millis: quantile(values, 0.5),
    p90Millis: quantile(values, 0.9),
    iqrMillis: quantile(values, 0.75) - quantile(values, 0.25),
    rounds: values.length,
    loss: sent === 0 ? 0 : lost / sent,
    measuredAtMillis: newest.atMillis,
    probedAtMillis: all.at(-1)?.atMillis ?? newest.atMillis
  }
}
