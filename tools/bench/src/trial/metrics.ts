/** Reads counters out of the Prometheus text that an agent serves. */

/** One sample of a counter. */
export interface CounterSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Samples of one counter by its full name. */
export const counterSamples = (text: string, name: string): ReadonlyArray<CounterSample> =>
  text.split("\n").flatMap((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line)
    if (match?.[1] !== name) return []
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((label) => [
      label[1] ?? "",
      label[2] ?? ""
    ])
    return [{ labels: Object.fromEntries(labels) as Record<string, string>, value: Number(match[3]) }]
  })

/** Adds up samples by one rendering of their labels. */
export const sumBy = (
  samples: ReadonlyArray<CounterSample>,
  key: (labels: CounterSample["labels"]) => string
): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {}
  for (const { labels, value } of samples) sums[key(labels)] = (sums[key(labels)] ?? 0) + value
  return sums
}
