/** A small cluster for tests: everything that a rebalancer asks is a cell that the test may change. */
import { Context, Effect, Layer, Metric, Ref } from "effect"

import { setGroupMembers, setLeader, uniformRouting } from "../../src/core/routing.ts"
import { activeTopology } from "../../src/core/topology.ts"
import {
  ControlStore,
  ElectionGate,
  type ElectingGroup,
  LoadMetrics,
  type LoadMetricsUnavailable,
  type LoadRecord,
  type MigrationDispatcher,
  type PlannedMove,
  Rebalancer,
  type RebalancerOptionsInput
} from "../../src/index.ts"
import { layerRecordingDispatcher } from "../../src/testing/index.ts"
import { busy } from "./loads.ts"

export const imbalanced = [busy("1", [500, 5000, 200, 200]), busy("2", [5, 5, 5, 5]), busy("3", [5, 5, 5, 5])]
export const balanced = ["1", "2", "3"].map((node) => busy(node, [10, 50, 25, 25]))

/** Three active nodes; six groups that live on node 1. */
export const threeNodes = {
  topology: activeTopology(["1", "2", "3"].map((id) => ({ id, address: `${id}.example:7480` }))),
  routing: [1, 2, 3, 4, 5, 6].reduce(
    (table, group) => setGroupMembers(setLeader(table, group, "1"), group, ["1"]),
    uniformRouting({ groups: 6, nodes: ["1", "2", "3"], replicationFactor: 1 })
  )
}

export interface WorldOptions {
  readonly options?: RebalancerOptionsInput
  readonly loads?: ReadonlyArray<LoadRecord>
  /** Instead of the one that records. */
  readonly dispatcher?: Layer.Layer<MigrationDispatcher, never, ControlStore>
}

export const makeWorld = Effect.fnUntraced(function* ({
  dispatcher,
  loads = imbalanced,
  options = {}
}: WorldOptions = {}) {
  const snapshot = yield* Ref.make<Effect.Effect<ReadonlyArray<LoadRecord>, LoadMetricsUnavailable>>(
    Effect.succeed(loads)
  )
  const gate = yield* Ref.make<Effect.Effect<ElectingGroup | undefined>>(Effect.undefined)
  const dispatched = yield* Ref.make<ReadonlyArray<PlannedMove>>([])
  const inputs = Layer.mergeAll(
    Layer.succeed(LoadMetrics, { snapshot: Effect.flatten(Ref.get(snapshot)) }),
    Layer.succeed(ElectionGate, { anyGroupElecting: Effect.flatten(Ref.get(gate)) }),
    dispatcher ?? layerRecordingDispatcher(dispatched)
  ).pipe(Layer.provideMerge(ControlStore.layerMemory(threeNodes)))
  const context = yield* Layer.build(Rebalancer.layer(options).pipe(Layer.provideMerge(inputs)))
  return {
    context,
    dispatched: Ref.get(dispatched),
    gate,
    rebalancer: Context.get(context, Rebalancer),
    snapshot,
    store: Context.get(context, ControlStore)
  }
})

/** Samples of a metric by their labels: `{ "": 3 }`, or `{ "kind=dispatch": 1 }`. */
export const samples = (name: string): Effect.Effect<Record<string, number>> =>
  Effect.map(Metric.snapshot, (metrics) =>
    Object.fromEntries(
      metrics
        .filter(({ id }) => id === name)
        .map((metric) => [
          Object.entries(metric.attributes ?? {})
            .map(([key, value]) => `${key}=${value}`)
            .join(","),
          Number(
            metric.type === "Counter"
              ? metric.state.count
              : metric.type === "Gauge"
                ? metric.state.value
                : NaN
          )
        ])
    )
  )

/** Runs a test with metrics of its own. */
export const withOwnMetrics = Effect.provideServiceEffect(
  Metric.MetricRegistry,
  Effect.sync(() => new Map())
)
