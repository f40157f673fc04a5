/** What every control store does; run each case against a fresh store. */
import { Effect, Fiber, Option, Stream } from "effect"

import { ControlStore, updateControlState } from "../ControlStore.ts"
import type { ControlState } from "../core/controlState.ts"
import { joinAsLearner } from "../core/topology.ts"
import { type ContractCase, promised } from "./ContractCase.ts"

const withNode = (state: ControlState, id: string): ControlState => ({
  ...state,
  topology: joinAsLearner(state.topology, { id, address: `${id}.example:7480` })
})

const contenders = ["a", "b", "c", "d", "e", "f", "g", "h"]

/** The contract of `ControlStore`. The store may begin with any state that has no node named a to h. */
export const controlStoreContract: ReadonlyArray<ContractCase<ControlStore>> = [
  {
    name: "reads what was written last, under a higher revision",
    run: Effect.gen(function* () {
      const store = yield* ControlStore
      const before = yield* store.read
      const written = yield* store.compareAndSet(before.revision, withNode(before.state, "a"))
      const after = yield* store.read
      yield* promised("a write raises the revision", written.revision > before.revision)
      yield* promised("a read returns the last revision", after.revision === written.revision)
      yield* promised("a read returns the last state", after.state.topology.nodes.has("a"))
    })
  },
  {
    name: "refuses a write that starts from an old revision, and keeps the state",
    run: Effect.gen(function* () {
      const store = yield* ControlStore
      const old = yield* store.read
      const { revision } = yield* store.compareAndSet(old.revision, withNode(old.state, "a"))
      const late = yield* Effect.result(store.compareAndSet(old.revision, withNode(old.state, "b")))
      yield* promised(
        "a write from an old revision fails and names both revisions",
        late._tag === "Failure" &&
          late.failure.reason._tag === "RevisionConflict" &&
          late.failure.reason.expected === old.revision &&
          late.failure.reason.actual === revision
      )
      yield* promised("a refused write leaves no trace", !(yield* store.read).state.topology.nodes.has("b"))
    })
  },
  {
    name: "lets exactly one of several simultaneous writers win",
    run: Effect.gen(function* () {
      const store = yield* ControlStore
      const { revision, state } = yield* store.read
      const results = yield* Effect.forEach(
        contenders,
        (id) => Effect.option(store.compareAndSet(revision, withNode(state, id))),
        { concurrency: "unbounded" }
      )
      yield* promised("one writer wins, the others conflict", results.filter(Option.isSome).length === 1)
    })
  },
  {
    name: "loses no update of writers that start over after a conflict",
    run: Effect.gen(function* () {
      yield* Effect.forEach(
        contenders,
        (id) => updateControlState((state) => Effect.succeed(withNode(state, id))),
        { concurrency: "unbounded" }
      )
      const { nodes } = (yield* (yield* ControlStore).read).state.topology
      yield* promised(
        "every update is in the state",
        contenders.every((id) => nodes.has(id))
      )
    })
  },
  {
    name: "streams the current state first, then newer ones",
    run: Effect.gen(function* () {
      const store = yield* ControlStore
      const { revision, state } = yield* store.read
      const seen: Array<number> = []
      const reader = yield* store.changes.pipe(
        Stream.tap((snapshot) => Effect.sync(() => seen.push(snapshot.revision))),
        Stream.takeUntil((snapshot) => snapshot.state.topology.nodes.has("a")),
        Stream.runDrain,
        Effect.forkChild({ startImmediately: true })
      )
      const written = yield* store.compareAndSet(revision, withNode(state, "a"))
      yield* Fiber.join(reader)
      yield* promised("a reader sees the last write", seen.at(-1) === written.revision)
      yield* promised(
        "a reader sees revisions rise",
        seen.every((value, index) => index === 0 || value > (seen[index - 1] ?? 0))
      )
      const late = yield* Stream.runHead(store.changes)
      yield* promised(
        "a new reader starts with the current state",
        Option.isSome(late) && late.value.revision === written.revision
      )
    })
  }
]
