/** Calls to an engine that may refuse, break or never answer. */
import type { ConsensusError } from "@coterie/election"
import { Duration, Effect, Inspectable } from "effect"

import type { EngineErrorKind, StayReason } from "./Decision.ts"

/** What an engine did instead of answering, in the form that a decision reports. */
export type EngineError = Extract<StayReason, { readonly _tag: "engineError" }>

/**
 * Makes the call and turns an error, a defect of the driver and silence beyond the deadline into an `EngineError`. What depends on the
 * answer's shape belongs into the call, so that an answer of the wrong shape is such a defect too.
 */
export const askEngine = <A>(
  operation: string,
  deadline: Duration.Duration,
  call: () => Effect.Effect<A, ConsensusError>
): Effect.Effect<A, EngineError> =>
  Effect.suspend(call).pipe(
    Effect.mapError((error) => engineError(error.operation, error.reason._tag, error.message)),
    Effect.catchDefect((defect) => Effect.fail(engineError(operation, "Defect", describe(defect)))),
    Effect.timeoutOrElse({
      duration: deadline,
      orElse: () =>
        Effect.fail(
          engineError(operation, "TimedOut", `${operation} took longer than ${Duration.format(deadline)}`)
        )
    })
  )

const engineError = (operation: string, kind: EngineErrorKind, detail: string): EngineError => ({
  _tag: "engineError",
  operation,
  kind,
  detail: detail.slice(0, 300)
})

const describe = (defect: unknown): string =>
  defect instanceof Error ? defect.message : Inspectable.toStringUnknown(defect)
