import type { Effect, Scope } from "effect"

/**
 * One promise of a port, checked by running it against an implementation; it dies when the promise is broken.
 */
export interface ContractCase<Port> {
  readonly name: string
  readonly run: Effect.Effect<void, unknown, Port | Scope.Scope>
}
