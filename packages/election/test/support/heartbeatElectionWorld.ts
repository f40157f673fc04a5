/**
 * Three nodes of an election over real heartbeats and a network in memory, on the test clock.
 *
 * A start takes 300 ms, so that the nodes do not beat in step: some faults show only then.
 */
import { HeartbeatMembership, type Heartbeats, type PeerCalls } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"

import { Election } from "../../src/index.ts"
import { ElectionWorld } from "../../src/testing/index.ts"

/** An election on top of one node's heartbeats; called again for the same node when it restarts. */
export type ElectionOf = (self: string) => Layer.Layer<Election, unknown, Heartbeats | PeerCalls>

/** A fresh world; closes with its scope. Heartbeats have their default timing: 1 s, dead after 4 s. */
export const heartbeatElectionWorld = (election: ElectionOf): Layer.Layer<ElectionWorld> =>
  Layer.effect(ElectionWorld, make(election))

const members = ["a", "b", "c"] as const

const make = Effect.fnUntraced(function* (election: ElectionOf) {
  const network = yield* makeMemoryNetwork
  const world = yield* Effect.scope
  const nodes = new Map<string, Scope.Closeable>()

  const node = (self: string) =>
    election(self).pipe(
      Layer.provide(
        HeartbeatMembership.layer({
          cluster: "test",
          self,
          peers: members.map((id) => ({ id, address: id }))
        })
      ),
      Layer.provide(network.layer(self)),
      Layer.orDie
    )

  return ElectionWorld.of({
    members,
    // A leader is given up after 4 s, found dead at a tick up to 1 s later, and the others learn within another second.
    settling: Duration.seconds(6),
    start: Effect.fnUntraced(function* (id) {
      const scope = yield* Scope.fork(world)
      nodes.set(id, scope)
      const election = Context.get(yield* Layer.buildWithScope(node(id), scope), Election)
      yield* TestClock.adjust("300 millis")
      return election
    }),
    crash: (id) => Effect.suspend(() => Scope.close(nodes.get(id) ?? Scope.makeUnsafe(), Exit.void)),
    cut: (from, to) => network.cut(from, to),
    heal: (from, to) => network.heal(from, to),
    advance: TestClock.adjust
  })
})
