/** Round trips between 21 AWS regions, and sets of them to place groups in. */
import { readFileSync } from "node:fs"

/** Regions with their round trips in ms, symmetric. */
export interface Regions {
  readonly names: ReadonlyArray<string>
  readonly rttMillis: ReadonlyArray<ReadonlyArray<number>>
}

const dataUrl = new URL("../../../packages/locality/test/testdata/aws-rtt.json", import.meta.url)

/** Reads the data of the locality package; where it comes from and its licence are noted in the file. */
export const awsRegions = (): Regions => {
  const { regions, rttMs } = JSON.parse(readFileSync(dataUrl, "utf8")) as {
    readonly regions: ReadonlyArray<string>
    readonly rttMs: ReadonlyArray<ReadonlyArray<number>>
  }
  const at = (from: number, to: number) => rttMs[from]?.[to] ?? Number.NaN
  return {
    names: regions,
    rttMillis: regions.map((_, from) => regions.map((__, to) => (at(from, to) + at(to, from)) / 2))
  }
}

/** A generator of numbers in [0, 1): the same seed gives the same numbers (mulberry32 by Tommy Ettinger, public domain). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Every set of `size` of the numbers below `count`. */
export const allSets = (count: number, size: number): ReadonlyArray<ReadonlyArray<number>> => {
  const sets: Array<ReadonlyArray<number>> = []
  const extend = (from: number, chosen: ReadonlyArray<number>): void => {
    if (chosen.length === size) sets.push(chosen)
    else for (let next = from; next < count; next++) extend(next + 1, [...chosen, next])
  }
  extend(0, [])
  return sets
}

/** As many random sets. */
export const randomSets = (
  count: number,
  size: number,
  sets: number,
  random: () => number
): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: sets }, () => {
    const chosen = new Set<number>()
    while (chosen.size < size) chosen.add(Math.floor(random() * count))
    return [...chosen].toSorted((a, b) => a - b)
  })
