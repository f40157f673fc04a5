/** How a contract is written down: cases that any test runner can run. */
import { Effect, Schema } from "effect"

/** A layer broke a promise of its port. */
export class ContractViolation extends Schema.TaggedError<ContractViolation>()("ContractViolation", {
  promise: Schema.String
}) {
  override get message(): string {
    return `broken promise: ${this.promise}`
  }
}

/** One promise of a port; `run` fails when the layer that it runs against breaks it. */
export interface ContractCase<Port> {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, Port>
}

/** Fails unless the promise is kept. */
export const promised = (promise: string, kept: boolean): Effect.Effect<void, ContractViolation> =>
  kept ? Effect.void : Effect.fail(new ContractViolation({ promise }))
