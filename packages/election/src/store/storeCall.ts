/** What the calls of lease stores have in common: a deadline, an error that says where it happened, and a first step done once. */
import { Duration, Effect, Ref } from "effect"

import { TimedOut } from "../ConsensusGroups.ts"
import { LeaseStoreError } from "../LeaseStore.ts"

type Reason = LeaseStoreError["reason"]

/** Makes the calls of a store: each ends within `timeout`, and fails with a `LeaseStoreError`. */
export const makeStoreCall =
  (store: string, timeout: Duration.Duration) =>
  (operation: LeaseStoreError["operation"]) =>
  <A>(call: Effect.Effect<A, Reason>): Effect.Effect<A, LeaseStoreError> =>
    call.pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: (): Effect.Effect<never, Reason> =>
          Effect.fail(new TimedOut({ afterMillis: Duration.toMillis(timeout) }))
      }),
      Effect.mapError((reason) => new LeaseStoreError({ store, operation, reason }))
    )

/** The effect until it has succeeded, and nothing from then on. */
export const onceDone = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<void, E>> =>
  Effect.map(Ref.make(false), (done) =>
    Effect.flatMap(Ref.get(done), (isDone) =>
      isDone ? Effect.void : Effect.andThen(effect, Ref.set(done, true))
    )
  )
