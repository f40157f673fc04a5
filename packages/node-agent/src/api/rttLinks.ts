/** The links of a latency matrix: those that were measured, and bounds for those that nobody measured. */
import { type Freshness, type LatencyMatrix, readLink } from "@coterie/locality/core/latencyMatrix"
import { distancesBetween } from "@coterie/locality/core/quorumDistances"

import type { RttLink } from "./localityResponses.ts"

/** Fitting coordinates takes time that grows with the square of this; beyond it nothing is estimated. */
const estimatedPlacesMax = 64

/** Every place that measured or was measured, sorted. */
export const placesIn = ({ rows }: LatencyMatrix): ReadonlyArray<string> => {
  const places = new Set(rows.keys())
  for (const row of rows.values()) for (const place of row.keys()) places.add(place)
  return [...places].toSorted()
}

/** Every link, sorted by its ends. */
export const rttLinks = (matrix: LatencyMatrix, freshness: Freshness): ReadonlyArray<RttLink> =>
  [...measuredLinks(matrix, freshness), ...estimatedLinks(matrix, freshness)].toSorted((a, b) =>
    a.from === b.from ? (a.to < b.to ? -1 : 1) : a.from < b.from ? -1 : 1
  )

const measuredLinks = (matrix: LatencyMatrix, freshness: Freshness): ReadonlyArray<RttLink> =>
  [...matrix.rows].flatMap(([from, row]) =>
    [...row].map(([to, { loss, measuredAtMillis, p50Millis, p90Millis, rounds }]): RttLink => {
      const reading = readLink(matrix, from, to, freshness)
      const ageMillis = freshness.nowMillis - measuredAtMillis
      return {
        from,
        to,
        p50Ms: rounded(p50Millis),
        p90Ms: rounded(p90Millis),
        loss,
        rounds,
        ageMs: rounded(ageMillis),
        unusable: ageMillis > freshness.maxAgeMillis || rounds < freshness.minRounds,
        asymmetric: reading._tag === "Measured" && reading.asymmetric,
        estimated: false
      }
    })
  )

const estimatedLinks = (matrix: LatencyMatrix, freshness: Freshness): ReadonlyArray<RttLink> => {
  const places = placesIn(matrix)
  if (places.length > estimatedPlacesMax) return []
  const isMeasured = (from: string, to: string) => matrix.rows.get(from)?.has(to) === true
  return distancesBetween(matrix, places, freshness, "coordinates").flatMap((row, a) =>
    row.flatMap(({ hiMillis, loMillis }, b): ReadonlyArray<RttLink> => {
      const [from = "", to = ""] = [places[a], places[b]]
      if (a >= b || isMeasured(from, to) || isMeasured(to, from) || !Number.isFinite(hiMillis)) return []
      const bounds = { loMs: rounded(loMillis), hiMs: rounded(hiMillis) }
      const p50Ms = rounded((loMillis + hiMillis) / 2)
      return [{ from, to, p50Ms, unusable: true, asymmetric: false, estimated: true, ...bounds }]
    })
  )
}

/** To 1 us. */
const rounded = (millis: number): number => Math.round(millis * 1000) / 1000
