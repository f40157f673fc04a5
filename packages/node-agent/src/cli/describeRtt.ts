/** Round trips as lines for people. */
import type { RttLink, RttReport } from "../api/localityResponses.ts"
import type { Paint } from "./output.ts"
import { shortDuration, shortMillis, tableLines } from "./table.ts"

/** Places that fit into a matrix on a screen. */
export const matrixPlacesMax = 30

const none = "-"

/** The place of this name: of the place itself, or of a replica that is there; undefined when there is none. */
export const placeCalled = ({ places }: RttReport, name: string): string | undefined =>
  places.find(({ place, replicas }) => place === name || replicas.includes(name))?.place

/** The name of the only replica at a place, else the place. */
const labelsOf = ({ places }: RttReport): ReadonlyMap<string, string> =>
  new Map(
    places.map(({ place, replicas: [only, ...others] }) => [
      place,
      only === undefined || others.length > 0 ? place : only
    ])
  )

/**
 * The report with zones for places: the mean of the links between two zones, or within one, of those that count if any does. Undefined where no
 * zone is known, or where there are too many for a screen too. Places without a zone are left out.
 */
export const zoneMeans = (report: RttReport): RttReport | undefined => {
  const zoneOf = new Map(report.places.map(({ place, zone }) => [place, zone]))
  const zones = [...new Set(zoneOf.values())].filter((zone) => zone !== undefined).toSorted()
  if (zones.length === 0 || zones.length > matrixPlacesMax) return undefined
  const links = zones.flatMap((from, index) =>
    zones.slice(index).flatMap((to) => {
      const between = report.links.filter((link) => {
        const ends = [zoneOf.get(link.from), zoneOf.get(link.to)]
        return (ends[0] === from && ends[1] === to) || (ends[0] === to && ends[1] === from)
      })
      return meanOf(from, to, between)
    })
  )
  return { ...report, places: zones.map((place) => ({ place, replicas: [] })), links }
}

const meanOf = (from: string, to: string, between: ReadonlyArray<RttLink>): ReadonlyArray<RttLink> => {
  const counting = between.filter(({ unusable }) => !unusable)
  const measured = between.filter(({ estimated }) => !estimated)
  const taken = [counting, measured, between].find((links) => links.length > 0)
  if (taken === undefined) return []
  const p50Ms = taken.reduce((sum, link) => sum + link.p50Ms, 0) / taken.length
  const estimated = taken.every((link) => link.estimated)
  return [{ from, to, p50Ms, estimated, unusable: counting.length === 0, asymmetric: false }]
}

/** A row for each place that measured, a column for each that was measured; `~` marks what is estimated, `!` what does not count or is contradicted. */
export const describeMatrix = (report: RttReport, paint: Paint): ReadonlyArray<string> => {
  const { links, places } = report
  if (links.length === 0) return []
  const labels = labelsOf(report)
  const longest = Math.max(...links.map(({ p50Ms }) => p50Ms))
  const between = new Map(links.map((link) => [JSON.stringify([link.from, link.to]), link]))
  const cell = (from: string, to: string): string => {
    const link = between.get(JSON.stringify([from, to])) ?? between.get(JSON.stringify([to, from]))
    if (link === undefined) return from === to ? none : "?"
    return heat(link, longest, paint)
  }
  const name = (place: string) => labels.get(place) ?? place
  return tableLines(
    ["FROM", ...places.map(({ place }) => name(place))].map(paint.strong),
    places.map(({ place: from }) => [name(from)].concat(places.map(({ place: to }) => cell(from, to))))
  )
}

const heat = (link: RttLink, longest: number, paint: Paint): string => {
  const text = marked(link)
  if (link.p50Ms > (2 / 3) * longest) return paint.bad(text)
  return link.p50Ms < longest / 3 ? paint.good(text) : text
}

const marked = ({ asymmetric, estimated, p50Ms, unusable }: RttLink): string =>
  estimated ? `~${shortMillis(p50Ms)}` : `${shortMillis(p50Ms)}${unusable || asymmetric ? "!" : ""}`

/** One line for each link. */
export const describeLinks = (report: RttReport, paint: Paint): ReadonlyArray<string> => {
  if (report.links.length === 0) return []
  const labels = labelsOf(report)
  return tableLines(
    ["FROM", "TO", "P50", "P90", "LOSS", "AGE", "REMARKS"].map(paint.strong),
    report.links.map((link) => [
      labels.get(link.from) ?? link.from,
      labels.get(link.to) ?? link.to,
      marked(link),
      link.p90Ms === undefined ? none : shortMillis(link.p90Ms),
      link.loss === undefined ? none : `${Math.round(100 * link.loss)}%`,
      link.ageMs === undefined ? none : shortDuration(link.ageMs),
      remarks(link)
    ])
  )
}

const remarks = ({ asymmetric, estimated, hiMs, loMs, unusable }: RttLink): string => {
  if (estimated) return `not measured; ${shortMillis(loMs ?? 0)} to ${shortMillis(hiMs ?? 0)}`
  return [
    ...(unusable ? ["too old, or of too few rounds"] : []),
    ...(asymmetric ? ["the other end differs"] : [])
  ].join("; ")
}
