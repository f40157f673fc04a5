import { InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import { HeartbeatMembership, type NodeId } from "@coterie/membership"
import { makeMemoryNetwork, type MemoryNetwork } from "@coterie/membership/testing"
import { Context, Duration, Effect, Exit, Layer, Metric, Scope } from "effect"

import {
  type Decision,
  EngineProbe,
  HeartbeatRowExchange,
  LeaderLocality,
  type LocalityOptionsInput
} from "../../src/index.ts"
import { evenChance } from "./agent.ts"

/** A lone far leader and four neighbours. */
export const fiveNodes: InMemoryGroupsOptions = {
  groups: { db: { leader: "far", voters: ["far", "n1", "n2", "n3", "n4"] } },
  rtt: (from, to) => (from === "far" || to === "far" ? "256 millis" : "20 millis")
}

type Locality = LeaderLocality["Service"]

/** Agents beside the nodes of an in-memory world that tell each other their rows over heartbeats in memory. */
export interface Fleet {
  readonly network: MemoryNetwork
  readonly at: (node: NodeId) => Locality
  /** Ends the agent of a node and starts another one. */
  readonly restart: (node: NodeId) => Effect.Effect<void>
  /** Every decision of the agents that run, by node. */
  readonly transfers: Effect.Effect<ReadonlyArray<Decision>>
}

/** Starts an agent beside each node; they end with the scope. */
export const startFleet = Effect.fnUntraced(function* (
  nodes: ReadonlyArray<NodeId>,
  options: LocalityOptionsInput = {}
) {
  const world = yield* InMemoryGroups
  const network = yield* makeMemoryNetwork
  const scope = yield* Effect.scope
  const agents = new Map<NodeId, { readonly locality: Locality; readonly scope: Scope.Closeable }>()
  const history: Array<Decision> = []

  const agent = (self: NodeId) =>
    LeaderLocality.layer({ mode: "act", policy: "quorumLatency", probesPerRound: 1, ...options }).pipe(
      Layer.provide([EngineProbe.layer, HeartbeatRowExchange.layer]),
      Layer.provide([
        InMemoryGroups.layerNode(self).pipe(Layer.provide(Layer.succeed(InMemoryGroups, world))),
        HeartbeatMembership.layer({
          cluster: "test",
          self,
          peers: nodes.map((id) => ({ id, address: id })),
          // Slow beats make hours pass quickly; a pass is slower still.
          interval: Duration.seconds(20),
          deadAfter: Duration.seconds(80)
        }).pipe(Layer.provide(network.layer(self)))
      ]),
      Layer.provide(evenChance),
      Layer.provide(Layer.fresh(Layer.succeed(Metric.MetricRegistry, new Map()))),
      Layer.orDie
    )
  const start = Effect.fnUntraced(function* (node: NodeId) {
    const own = yield* Scope.fork(scope)
    const locality = Context.get(yield* Layer.buildWithScope(agent(node), own), LeaderLocality)
    agents.set(node, { locality, scope: own })
  })
  const at = (node: NodeId): Locality => {
    const found = agents.get(node)
    if (found === undefined) throw new Error(`no agent beside ${node}`)
    return found.locality
  }
  const transfersOf = (node: NodeId) =>
    Effect.map(at(node).recent, (recent) => recent.filter(({ action }) => action._tag === "Transfer"))

  yield* Effect.forEach(nodes, start)
  return {
    network,
    at,
    restart: Effect.fnUntraced(function* (node: NodeId) {
      history.push(...(yield* transfersOf(node)))
      yield* Scope.close(agents.get(node)?.scope ?? (yield* Scope.make()), Exit.void)
      yield* start(node)
    }),
    transfers: Effect.map(Effect.forEach(nodes, transfersOf), (all) => [...history, ...all.flat()])
  } satisfies Fleet
})
