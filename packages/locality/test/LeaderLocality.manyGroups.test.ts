import type { InMemoryGroupsOptions } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

import { LeaderLocality, type LocalityOptionsInput } from "../src/index.ts"
import { agent, metric } from "./support/agent.ts"

const names = Array.from({ length: 200 }, (_, index) => `g${String(index).padStart(3, "0")}`)
const far256: InMemoryGroupsOptions = {
  groups: Object.fromEntries(names.map((name) => [name, { leader: "n1", voters: ["far", "n1", "n2"] }]))
}

/** An agent beside n1 whose engine answers after 256 ms and never about `hung`; what it probed comes with it. */
const watched = (hung: ReadonlySet<string>, options: LocalityOptionsInput = {}) => {
  const probed: Array<string> = []
  const layer = agent({
    node: "n1",
    world: far256,
    options: { policy: "quorumLatency", mode: "advise", ...options },
    engine: (groups) => ({
      status: (group) => (hung.has(group) ? Effect.never : Effect.delay(groups.status(group), "256 millis")),
      reachability: (group) => Effect.delay(groups.reachability(group), "256 millis")
    }),
    probe: {
      measure: ({ id }) =>
        Effect.sync(() => {
          probed.push(id)
          return Duration.millis(20)
        })
    }
  })
  return { layer, probed }
}

const decided = Effect.map(
  Effect.flatMap(LeaderLocality, ({ recent }) => recent),
  (recent) => recent.map(({ group }) => group)
)

describe("LeaderLocality: 200 groups on the same nodes, and an engine that answers after 256 ms", () => {
  it.effect(
    "a pass takes two answers for every 16 groups, probes each peer once, and decides in order",
    () => {
      const { layer, probed } = watched(new Set())
      return Effect.gen(function* () {
        yield* TestClock.adjust("90 seconds")
        yield* TestClock.adjust(2 * 256 * 13 - 1)
        assert.strictEqual(yield* metric("locality_loop_iterations_total"), 0)
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* metric("locality_loop_iterations_total"), 1)
        assert.deepStrictEqual(yield* decided, names)
        assert.deepStrictEqual(probed.toSorted(), ["far", "n2"])
      }).pipe(Effect.provide(Layer.fresh(layer)))
    }
  )

  it.effect(
    "a hung one holds up the report of the others by its own deadline, and their reading not at all",
    () => {
      const { layer } = watched(new Set(["g000", "g100"]))
      return Effect.gen(function* () {
        yield* TestClock.adjust("90 seconds")
        yield* TestClock.adjust("14999 millis")
        assert.deepStrictEqual(yield* decided, [])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(yield* decided, names.slice(0, 100), "g100 was asked some seconds later")
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(yield* decided, names)
        assert.strictEqual(yield* metric("locality_decisions_total", { reason: "engineError" }), 2)
      }).pipe(Effect.provide(Layer.fresh(layer)))
    }
  )

  it.effect("one at a time is still possible", () => {
    const { layer } = watched(new Set(), { groupConcurrency: 1 })
    return Effect.gen(function* () {
      yield* TestClock.adjust("90 seconds")
      yield* TestClock.adjust(2 * 256 * 20)
      assert.deepStrictEqual(yield* decided, names.slice(0, 20))
    }).pipe(Effect.provide(Layer.fresh(layer)))
  })
})
