/** Seeded numbers for fuzzing: the same seed gives the same packets on every machine (mulberry32 by Tommy Ettinger, public domain). */

/** Draws numbers. */
export interface Draw {
  /** Uniform in [0, 1). */
  readonly next: () => number
  /** A whole number from 0 below `limit`. */
  readonly below: (limit: number) => number
  /** One of the items, of which there must be one. */
  readonly pick: <A>(items: readonly [A, ...ReadonlyArray<A>]) => A
}

/** A generator for a seed. */
export const drawFrom = (seed: number): Draw => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { next, below, pick: (items) => items[below(items.length)] ?? items[0] }
}
