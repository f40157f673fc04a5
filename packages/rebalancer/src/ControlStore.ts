/**
 * The control store port: topology and routing as one revisioned state that changes by compare-and-set.
 *
 * Every reader sees whole states in the order of their revisions; two writers that start from one revision never both succeed.
 */
import { Context, Effect, Layer, PubSub, Schema, Semaphore, Stream } from "effect"

import type { ControlState } from "./core/controlState.ts"

/** A state and the revision that it was stored under; revisions only rise. */
export interface ControlSnapshot {
  readonly revision: number
  readonly state: ControlState
}

/** Somebody else wrote first; read again and decide again. */
export class RevisionConflict extends Schema.TaggedError<RevisionConflict>()("RevisionConflict", {
  expected: Schema.Int,
  actual: Schema.Int
}) {
  override get message(): string {
    return `the control state is at revision ${this.actual}, not at ${this.expected}`
  }
}

/** The store did not answer; whether a write took place is unknown. */
export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  detail: Schema.String
}) {
  override get message(): string {
    return `the control store is unavailable: ${this.detail}`
  }
}

/** Why the store failed; match one case with `Effect.catchReason("ControlStoreError", "RevisionConflict", ...)`. */
export class ControlStoreError extends Schema.TaggedError<ControlStoreError>()("ControlStoreError", {
  reason: Schema.Union([RevisionConflict, StoreUnavailable])
}) {
  override get message(): string {
    return this.reason.message
  }
}

/** Topology and routing, shared by every node that plans or serves. */
export class ControlStore extends Context.Service<
  ControlStore,
  {
    /** The state as of now. Fails with `StoreUnavailable`. */
    readonly read: Effect.Effect<ControlSnapshot, ControlStoreError>
    /** Replaces the state if the revision is still the expected one. Fails with `RevisionConflict` when it is not. */
    compareAndSet(
      expectedRevision: number,
      state: ControlState
    ): Effect.Effect<ControlSnapshot, ControlStoreError>
    /** The current state, then every later one; a slow reader sees the latest only. */
    readonly changes: Stream.Stream<ControlSnapshot>
  }
>()("@coterie/rebalancer/ControlStore") {
  /** A store in this process, forgotten with it; it begins at revision 1. */
  static readonly layerMemory = (initial: ControlState): Layer.Layer<ControlStore> =>
    Layer.effect(ControlStore, makeMemory(initial))
}

/** How often an update starts over when others keep writing first. */
const updateRetries = 16

const isConflict = (error: unknown): boolean =>
  error instanceof ControlStoreError && error.reason._tag === "RevisionConflict"

/**
 * Changes the control state: reads it, applies the change, writes it back, and starts over when somebody else wrote first. A change that
 * returns the state unchanged writes nothing. Fails with `RevisionConflict` after 16 lost races, or with the change's own error.
 */
export const updateControlState = Effect.fn("ControlStore.update")(
  function* <E, R>(change: (state: ControlState) => Effect.Effect<ControlState, E, R>) {
    const store = yield* ControlStore
    const before = yield* store.read
    const state = yield* change(before.state)
    return state === before.state ? before : yield* store.compareAndSet(before.revision, state)
  },
  Effect.retry({ while: isConflict, times: updateRetries })
)

const makeMemory = Effect.fnUntraced(function* (initial: ControlState) {
  const writing = yield* Semaphore.make(1)
  const changes = yield* PubSub.sliding<ControlSnapshot>({ capacity: 1, replay: 1 })
  let current: ControlSnapshot = { revision: 1, state: initial }
  yield* PubSub.publish(changes, current)
  return ControlStore.of({
    read: Effect.sync(() => current),
    compareAndSet: Effect.fn("ControlStore.compareAndSet")(function* (expected, state) {
      if (expected !== current.revision) {
        const reason = new RevisionConflict({ expected, actual: current.revision })
        return yield* new ControlStoreError({ reason })
      }
      current = { revision: expected + 1, state }
      yield* PubSub.publish(changes, current)
      return current
    }, Semaphore.withPermit(writing)),
    changes: Stream.fromPubSub(changes)
  })
})
