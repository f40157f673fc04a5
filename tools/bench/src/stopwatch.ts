/** Times small pure operations on an otherwise idle machine. */

/** One timed operation. */
export interface BenchmarkRow {
  readonly what: string
  /** Median over the rounds of the mean time of one operation, in ns. */
  readonly medianNanos: number
}

/** Times `operation` alone: 21 rounds of at least 20 ms each, after two rounds of warm-up. */
export const time = (what: string, operation: () => unknown): BenchmarkRow => {
  let batch = 1
  let sink: unknown
  const round = (): number => {
    const start = process.hrtime.bigint()
    for (let index = 0; index < batch; index++) sink = operation()
    return Number(process.hrtime.bigint() - start)
  }
  while (round() < 20e6) batch *= 2
  round()
  const times = Array.from({ length: 21 }, () => round() / batch).toSorted((a, b) => a - b)
  if (sink === undefined) throw new Error(`${what} returned nothing: it may have been optimised away`)
  return { what, medianNanos: times[10] ?? Number.NaN }
}
