/**
 * Three nodes of a lease election over one store, which stands for one replicated on the members themselves: a node reaches it while it hears,
 * and is heard by, some other node.
 */
import { Context, Duration, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"

import { Election, LeaseElection, LeaseStore } from "../../src/index.ts"
import { ElectionWorld, type FaultyLeaseStore, makeFaultyLeaseStore } from "../../src/testing/index.ts"

const members = ["a", "b", "c"] as const

type Options = Omit<Parameters<typeof LeaseElection.layer>[0], "self">

/** How the nodes are timed, and how time passes. */
export interface LeaseWorldTiming {
  readonly options: Options
  /** A leader is given up after its time to live and the drift since it was last read, and that at most a poll after it renewed. */
  readonly settling: Duration.Duration
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
}

/** A fresh world; closes with its scope. */
export const leaseElectionWorld = (timing: LeaseWorldTiming): Layer.Layer<ElectionWorld, never, LeaseStore> =>
  Layer.effect(ElectionWorld, make(timing))

const make = Effect.fnUntraced(function* ({ advance, options, settling }: LeaseWorldTiming) {
  const store = yield* LeaseStore
  const world = yield* Effect.scope
  const nodes = new Map<string, { readonly scope: Scope.Closeable; readonly front: FaultyLeaseStore }>()
  const cuts = new Set<string>()

  const weather = Effect.sync(() => {
    for (const [id, { front }] of nodes) {
      const others = members.filter((member) => member !== id)
      const isHeard = others.some((other) => !cuts.has(link(id, other)))
      const hears = others.some((other) => !cuts.has(link(other, id)))
      front.set({ _tag: isHeard ? (hears ? "None" : "LostReply") : "Hang" })
    }
  })
  const change = (how: () => void) => Effect.andThen(Effect.sync(how), weather)

  return ElectionWorld.of({
    members,
    settling,
    start: Effect.fnUntraced(function* (id) {
      const scope = yield* Scope.fork(world)
      const front = makeFaultyLeaseStore(store)
      nodes.set(id, { scope, front })
      yield* weather
      const node = LeaseElection.layer({ self: id, ...options }).pipe(
        Layer.provide(Layer.succeed(LeaseStore, front.store))
      )
      const election = Context.get(yield* Layer.buildWithScope(node, scope), Election)
      yield* advance("300 millis")
      return election
    }),
    crash: Effect.fnUntraced(function* (id) {
      const node = nodes.get(id)
      nodes.delete(id)
      node?.front.set({ _tag: "Outage" })
      yield* Scope.close(node?.scope ?? Scope.makeUnsafe(), Exit.void)
    }),
    cut: (from, to) => change(() => cuts.add(link(from, to))),
    heal: (from, to) => change(() => cuts.delete(link(from, to))),
    advance
  })
})

const link = (from: string, to: string) => `${from} to ${to}`

/** A world with the default timing, on the test clock. */
export const testClockWorld: Layer.Layer<ElectionWorld, never, LeaseStore> = leaseElectionWorld({
  options: {},
  settling: Duration.seconds(13),
  advance: TestClock.adjust
})
