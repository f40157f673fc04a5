/** Limits what each source may ask: buckets that fill steadily, for a bounded number of sources; times are monotonic ms. */

interface Bucket {
  readonly tokens: number
  readonly atMillis: number
}

/** Buckets by source, the one asked longest ago first. */
export type SourceRates = Map<string, Bucket>

/** Requests of one source in a second. */
const perSecond = 100
/** Sources remembered; more of them at a time make the oldest begin anew. */
const sourcesMax = 1024

/** Takes one request of the source out of its bucket, in place, as this runs for every packet; false when there is none left. */
export const takeToken = (rates: SourceRates, source: string, nowMillis: number): boolean => {
  const { atMillis, tokens } = rates.get(source) ?? { tokens: perSecond, atMillis: nowMillis }
  const filled = Math.min(perSecond, tokens + ((nowMillis - atMillis) / 1000) * perSecond)
  rates.delete(source)
  rates.set(source, { tokens: filled < 1 ? filled : filled - 1, atMillis: nowMillis })
  const [oldest] = rates.keys()
  if (rates.size > sourcesMax && oldest !== undefined) rates.delete(oldest)
  return filled >= 1
}
