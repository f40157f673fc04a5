import {
  activeTopology,
  ControlStore,
  ElectionGate,
  LoadMetrics,
  MigrationDispatcher,
  Rebalancer,
  uniformRouting
} from "@coterie/rebalancer"
import { Console, Effect, Layer } from "effect"

// Three nodes, six groups that share 1024 shards; node a answers far more queries than the others.
const nodes = ["a", "b", "c"]
const topology = activeTopology(nodes.map((id) => ({ id, address: `${id}.example:7480` })))
const routing = uniformRouting({ groups: 6, nodes, replicationFactor: 1 })
const counters = {
  shardsLed: 341,
  bytesStored: 0,
  writesPerSecond: 5,
  readsPerSecond: 5,
  p95LatencyMicros: 800
}
const load = (node: string, queriesPerSecond: number, cpuUtilization: number) =>
  Object.assign({ node, queriesPerSecond, cpuUtilization }, counters)

const rebalancer = Rebalancer.layer({ maxMovesTotal: 5 }).pipe(
  Layer.provide(
    LoadMetrics.layerFrom(Effect.succeed([load("a", 9000, 0.7), load("b", 10, 0.1), load("c", 10, 0.1)]))
  ),
  Layer.provide([ElectionGate.layerAlwaysReady, MigrationDispatcher.layerControlStore]),
  Layer.provide(ControlStore.layerMemory({ topology, routing }))
)

// One sweep now; `Rebalancer.layerRun` sweeps every 30 s instead.
const program = Effect.gen(function* () {
  const { action } = yield* (yield* Rebalancer).sweepOnce
  yield* Console.log(action)
})

await Effect.runPromise(Effect.provide(program, rebalancer))
// { _tag: 'Dispatched', moves: [
//   { shard: 0, source: 'a', target: 'b', group: 1 }, { shard: 3, source: 'a', target: 'c', group: 4 } ] }
