import { Effect, Metric } from "effect"

/** Value of a counter or gauge in this test's own registry, summed over all series that have the given labels. */
export const metric = (id: string, labels: Record<string, string> = {}): Effect.Effect<number> =>
  Effect.map(Metric.snapshot, (snapshot) =>
    snapshot
      .filter((series) => series.id === id)
      .filter((series) => Object.entries(labels).every(([key, value]) => series.attributes?.[key] === value))
      .map((series) => series.state)
      .reduce(
        (sum, state) => sum + Number("count" in state ? state.count : "value" in state ? state.value : 0),
        0
      )
  )
