/**
 * Three nodes of an election over heartbeats of any kind, on the test clock.
 *
 * A start takes 300 ms, so that the nodes do not beat in step: some faults show only then.
 */
import type { Heartbeats, PeerCalls } from "@coterie/membership"
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"

import { Election } from "../../src/index.ts"
import { ElectionWorld } from "../../src/testing/index.ts"

/** An election on top of one node's heartbeats; called again for the same node when it restarts. */
export type ElectionOf = (self: string) => Layer.Layer<Election, unknown, Heartbeats | PeerCalls>

/** What the nodes stand on. */
export interface Ground extends Pick<ElectionWorld["Service"], "advance" | "cut" | "heal"> {
  /** The heartbeats of one node with the default timing: 1 s, dead after 4 s. */
  readonly heartbeats: (self: string) => Layer.Layer<Heartbeats | PeerCalls, unknown>
}

/** The members of each world. */
export const members = ["a", "b", "c"] as const

/** A fresh world; closes with its scope. */
export const electionWorldOn =
  (ground: Effect.Effect<Ground, never, Scope.Scope>) =>
  (election: ElectionOf): Layer.Layer<ElectionWorld> =>
    Layer.effect(ElectionWorld, Effect.flatMap(ground, make(election)))

const make = (election: ElectionOf) =>
  Effect.fnUntraced(function* ({ heartbeats, ...ground }: Ground) {
    const world = yield* Effect.scope
    const nodes = new Map<string, Scope.Closeable>()
    return ElectionWorld.of({
      ...ground,
      members,
      // A leader is given up after 4 s, found dead at a tick up to 1 s later, and the others learn within another second.
      settling: Duration.seconds(6),
      start: Effect.fnUntraced(function* (id) {
        const scope = yield* Scope.fork(world)
        nodes.set(id, scope)
        const node = election(id).pipe(Layer.provide(heartbeats(id)), Layer.orDie)
        const started = Context.get(yield* Layer.buildWithScope(node, scope), Election)
        yield* ground.advance(Duration.millis(300))
        return started
      }),
      crash: (id) => Effect.suspend(() => Scope.close(nodes.get(id) ?? Scope.makeUnsafe(), Exit.void))
    })
  })
