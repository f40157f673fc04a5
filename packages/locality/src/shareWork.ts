/** Work that several looks of one pass need, done once. */
import { Deferred, Effect, type Scope } from "effect"

/** Whoever asks for a key first starts its work; everybody waits for the same result. */
export type SharedWork<A> = (key: string, work: Effect.Effect<A>) => Effect.Effect<A>

/** The work runs in the scope, so that it goes on when the one who started it gives up; so long are results kept. */
export const makeSharedWork = <A>(scope: Scope.Scope): SharedWork<A> => {
  const results = new Map<string, Deferred.Deferred<A>>()
  return (key, work) =>
    Effect.uninterruptibleMask((restore) => {
      const known = results.get(key)
      if (known !== undefined) return restore(Deferred.await(known))
      const result = Deferred.makeUnsafe<A>()
      results.set(key, result)
      return Effect.andThen(
        Effect.forkIn(Deferred.into(work, result), scope, { startImmediately: true }),
        restore(Deferred.await(result))
      )
    })
}
