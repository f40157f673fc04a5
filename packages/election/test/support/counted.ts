import { Effect, Metric } from "effect"

/** What a counter with these attributes stands at; 0 when nothing was counted. */
export const counted = (name: string, attributes: Readonly<Record<string, string>>): Effect.Effect<number> =>
  Effect.map(Metric.snapshot, (all) => {
    const found = all.find(
      (metric) =>
        metric.id === name &&
        Object.entries(attributes).every(([key, value]) => metric.attributes?.[key] === value)
    )
    return found?.type === "Counter" ? Number(found.state.count) : 0
  })
