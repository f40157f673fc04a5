/** The distances of a group, read from the matrix, with an interval for each link that nobody measured. */
import { type Freshness, type LatencyMatrix, type LinkReading, readLink } from "./latencyMatrix.ts"
import { fitPlaces, intervalOf, type MeasuredLinks, triangleBand } from "./missingLinks.ts"
import { type Distance, measuredDistance } from "./QuorumView.ts"

/**
 * How links are bounded that nobody measured: by the triangle alone, which is cheap and errs on the safe side, or by coordinates within it,
 * for who wants to decide on estimates; fitting them takes some 10 ms.
 */
export type Estimation = "triangle" | "coordinates"

/** Distances between these places, by index and index; symmetric. */
export const distancesBetween = (
  matrix: LatencyMatrix,
  places: ReadonlyArray<string>,
  freshness: Freshness,
  estimation: Estimation = "triangle"
): ReadonlyArray<ReadonlyArray<Distance>> => {
  const readings: Array<Array<LinkReading>> = places.map(() => [])
  for (const [a, from] of places.entries()) {
    for (const [b, to] of places.entries()) {
      const mirrored = b < a ? readings[b]?.[a] : undefined
      readings[a]?.push(mirrored ?? (a === b ? toItself : readLink(matrix, from, to, freshness)))
    }
  }
  const isComplete = readings.every((row) => row.every(({ _tag }) => _tag !== "Missing"))
  const estimate = isComplete ? nothingMissing : estimator(readings, estimation)
  return readings.map((row, a) => row.map((reading, b) => distanceOf(reading, () => estimate(a, b))))
}

const toItself: LinkReading = {
  _tag: "Measured",
  millis: 0,
  errorMillis: 0,
  ageMillis: 0,
  asymmetric: false,
  up: true
}

type Estimate = (a: number, b: number) => Pick<Distance, "loMillis" | "hiMillis">

const nothingMissing: Estimate = () => ({ loMillis: 0, hiMillis: Number.POSITIVE_INFINITY })

const estimator = (readings: ReadonlyArray<ReadonlyArray<LinkReading>>, estimation: Estimation): Estimate => {
  const links: MeasuredLinks = readings.map((row) =>
    row.map((reading) => (reading._tag === "Measured" ? reading.millis : undefined))
  )
  if (estimation === "triangle") return (a, b) => triangleBand(links, a, b)
  const places = fitPlaces(links)
  return (a, b) => intervalOf(links, places, a, b)
}

const distanceOf = (reading: LinkReading, estimate: () => ReturnType<Estimate>): Distance => {
  switch (reading._tag) {
    case "Measured":
      return { ...measuredDistance(reading.millis, reading.errorMillis, reading.ageMillis), up: reading.up }
    case "Stale":
      return { ...measuredDistance(reading.millis, 0, reading.ageMillis), basis: "stale" }
    case "Missing":
      return {
        ...estimate(),
        errorMillis: 0,
        basis: "missing",
        up: true,
        ageMillis: Number.POSITIVE_INFINITY
      }
  }
}
