/** Sums up timed operations: percentiles, failures, and the longest time without a success. */

/** One operation: when it started, how long it took, whether it succeeded. Times in ms on one clock. */
export interface Sample {
  readonly startMillis: number
  readonly latencyMillis: number
  readonly ok: boolean
}

/** What a series of operations shows; latencies count successes only. */
export interface Summary {
  readonly count: number
  readonly failed: number
  readonly p50Millis: number
  readonly p95Millis: number
}

/** Nearest-rank percentile of unsorted values; NaN of none. */
export const percentile = (values: ReadonlyArray<number>, share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN

/** Sums up a series. */
export const summarize = (samples: ReadonlyArray<Sample>): Summary => {
  const latencies = samples.filter(({ ok }) => ok).map(({ latencyMillis }) => latencyMillis)
  return {
    count: samples.length,
    failed: samples.length - latencies.length,
    p50Millis: percentile(latencies, 0.5),
    p95Millis: percentile(latencies, 0.95)
  }
}

/** Longest time in ms between the ends of two consecutive successes. */
export const longestGapMillis = (samples: ReadonlyArray<Sample>): number => {
  const ends = samples
    .filter(({ ok }) => ok)
    .map(({ latencyMillis, startMillis }) => startMillis + latencyMillis)
    .toSorted((a, b) => a - b)
  return ends.reduce((longest, end, index) => Math.max(longest, end - (ends[index - 1] ?? end)), 0)
}
