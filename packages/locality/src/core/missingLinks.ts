/**
 * Intervals for the links that nobody measured: both ends are silent, but others have measured each of them.
 *
 * The triangle bounds a round trip from both sides. Coordinates fitted to the measured links say where in the band it lies; routes bend the
 * triangle, so what falls outside is clamped and the interval stays wide.
 */
import { estimateSeconds, observe, unplaced, type VivaldiNode } from "./vivaldi.ts"

/** Where a round trip lies, in ms. */
export interface LinkInterval {
  readonly loMillis: number
  readonly hiMillis: number
}

/** Measured round trips in ms by index and index, undefined where nobody measured; symmetric. */
export type MeasuredLinks = ReadonlyArray<ReadonlyArray<number | undefined>>

/** Nothing is known. */
const anywhere: LinkInterval = { loMillis: 0, hiMillis: Number.POSITIVE_INFINITY }

/** Lower and upper bound by every third node that has measured both ends; from 0 to Infinity when there is none. */
export const triangleBand = (links: MeasuredLinks, a: number, b: number): LinkInterval => {
  let { hiMillis, loMillis } = anywhere
  for (let third = 0; third < links.length; third++) {
    const toA = links[third]?.[a]
    const toB = links[third]?.[b]
    if (third === a || third === b || toA === undefined || toB === undefined) continue
    loMillis = Math.max(loMillis, Math.abs(toA - toB))
    hiMillis = Math.min(hiMillis, toA + toB)
  }
  return { loMillis: Math.min(loMillis, hiMillis), hiMillis }
}

/** A coordinate with a larger error, or of fewer samples, is no estimate. */
const usableError = 0.3
const usableSamples = 10

/** The interval of a link that nobody measured. */
export const intervalOf = (
  links: MeasuredLinks,
  places: ReadonlyArray<VivaldiNode>,
  a: number,
  b: number
): LinkInterval => {
  const band = triangleBand(links, a, b)
  const [here, there] = [places[a], places[b]]
  if (here === undefined || there === undefined || !isUsable(here) || !isUsable(there)) return band
  const estimate = 1000 * estimateSeconds(here.coordinate, there.coordinate)
  const clamped = Math.min(band.hiMillis, Math.max(band.loMillis, estimate))
  const error = Math.max(here.coordinate.error, there.coordinate.error)
  const half = Math.max(0.25 * clamped, 15, error * clamped)
  return { loMillis: Math.max(0, clamped - half), hiMillis: clamped + half }
}

const isUsable = ({ coordinate, samples }: VivaldiNode): boolean =>
  coordinate.error < usableError && samples >= usableSamples

/** Enough for a handful of nodes to settle. */
const fitRounds = 60

/**
 * Coordinates of all nodes, fitted to the measured links. Silent nodes get one too, from what others measured. The same links give the same
 * coordinates: directions come from a fixed sequence.
 */
export const fitPlaces = (links: MeasuredLinks): ReadonlyArray<VivaldiNode> => {
  const random = fixedSequence()
  const places: Array<VivaldiNode> = links.map(() => unplaced)
  for (let round = 0; round < fitRounds; round++) {
    for (const [here, row] of links.entries()) {
      for (const [there, millis] of row.entries()) {
        const [node, peer] = [places[here], places[there]]
        if (here === there || millis === undefined || node === undefined || peer === undefined) continue
        places[here] = observe(node, {
          peer: String(there),
          coordinate: peer.coordinate,
          rttSeconds: millis / 1000,
          random
        })
      }
    }
  }
  return places
}

/** Evenly spread numbers in [0, 1): multiples of the golden ratio. */
const fixedSequence = (): (() => number) => {
  let value = 0
  return () => {
    value = (value + 0.618_033_988_749_895) % 1
    return value
  }
}
