/**
 * The guard at a resource that only the leader may change: a write with an older token than one seen before is refused (F2).
 *
 * It closes the last gap of every election: a leader that stood still between its check and its write. The token comes from `LeaderLease`.
 */
import { Effect, Ref, Schema, Semaphore } from "effect"

/** A write came from a deposed leader; there is nothing to retry under this leadership. */
export class FencedOut extends Schema.TaggedError<FencedOut>()("FencedOut", {
  resource: Schema.String,
  token: Schema.Int,
  highest: Schema.Int
}) {
  override get message(): string {
    return `${this.resource} refused token ${this.token}: a newer leader with token ${this.highest} has written`
  }
}

/** A resource that remembers the highest token it was written with, in the same place and as durably as what it guards. */
export interface FencedResource<E = never> {
  readonly name: string
  /** Runs an effect alone, and undoes what it did to the resource and its token when it fails: a transaction, where there are any. */
  atomically<A, E2, R>(effect: Effect.Effect<A, E2, R>): Effect.Effect<A, E | E2, R>
  /** Highest token so far, 0 for none; called inside `atomically`. */
  readonly highest: Effect.Effect<number, E>
  /** Sets the highest token; called inside `atomically`. */
  raise(token: number): Effect.Effect<void, E>
}

/** Guards writes to a resource: `fenced(resource)(token, write)` runs the write unless a higher token was there before. Equal ones pass. */
export const fenced =
  <E>(resource: FencedResource<E>) =>
  <A, E2, R>(token: number, write: Effect.Effect<A, E2, R>): Effect.Effect<A, E | E2 | FencedOut, R> =>
    resource.atomically(
      Effect.gen(function* () {
        const highest = yield* resource.highest
        if (token < highest) return yield* new FencedOut({ resource: resource.name, token, highest })
        if (token > highest) yield* resource.raise(token)
        return yield* write
      })
    )

/** A resource in this process's memory. It undoes nothing: a write that fails has still shown its token. */
export const memoryFence = (name: string): Effect.Effect<FencedResource> =>
  Effect.gen(function* () {
    const turn = yield* Semaphore.make(1)
    const highest = yield* Ref.make(0)
    return {
      name,
      atomically: turn.withPermits(1),
      highest: Ref.get(highest),
      raise: (token) => Ref.set(highest, token)
    }
  })
