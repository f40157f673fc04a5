/**
 * When a link is probed: at each pass, less often while it is steady, more often while it is young.
 *
 * Agents that start together must not probe together, so every time is shifted by chance; `random` is a number in [0, 1).
 */
import type { LinkRounds } from "./linkRounds.ts"

/** Every start is shifted by up to this share of the time before it. */
const jitterShare = 0.2

/** The time, more or less by up to 20 %. */
export const jittered = (millis: number, random: number): number =>
  millis * (1 + jitterShare * (2 * random - 1))

/** Time between the rounds of a link that has too few of them to count, or that decides an open question, in ms. */
export const urgentPauseMillis = 5000

/** How long a link must have been steady, in ms. */
const steadyMillis = 3_600_000
/** Then so many ms pass between its rounds: with the jitter, no more than the 5 minutes for which a round counts. */
const steadyPauseMillis = 250_000

/** Whether more rounds, soon, would make the link count. A silent link gets no more of them than any other. */
export const isYoung = ({ all, answered }: LinkRounds, minRounds: number): boolean =>
  (all.at(-1)?.bestMillis === undefined ? all : answered).length < minRounds

/** A pass, and how long after it the next one is. */
export interface PassTime {
  readonly nowMillis: number
  readonly intervalMillis: number
}

/** Whether this pass should probe the link: all but the steady, and these when the next pass would be too late. */
export const isDue = (
  { all, steadySinceMillis }: LinkRounds,
  { intervalMillis, nowMillis }: PassTime,
  random: number
): boolean => {
  const last = all.at(-1)
  if (last === undefined || steadySinceMillis === undefined) return true
  if (last.atMillis - steadySinceMillis < steadyMillis) return true
  const nextPassMillis = nowMillis + intervalMillis * (1 + jitterShare)
  return nextPassMillis > last.atMillis + jittered(steadyPauseMillis, random)
}
