/**
 * The port that keeps the one thing an acceptor of a leased quorum may never forget: the highest epoch it has promised.
 *
 * Losing it would let the node vote twice for one epoch, so `save` returns only when the promise would survive a power cut.
 */
import { Context, Effect, Layer, Ref, Schema } from "effect"

/** The promise could not be read or written; without it the node must not vote. */
export class PromiseStoreFailed extends Schema.TaggedError<PromiseStoreFailed>()("PromiseStoreFailed", {
  operation: Schema.Literals(["load", "save"]),
  location: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `could not ${this.operation} the promised epoch at ${this.location}: ${String(this.cause)}`
  }
}

/** The promised epoch of one node in one election. */
export class PromiseStore extends Context.Service<
  PromiseStore,
  {
    /** The highest epoch saved, 0 when none ever was. A damaged store fails: 0 would be a second vote. */
    readonly load: Effect.Effect<number, PromiseStoreFailed>
    /** Saves an epoch; a smaller one than the saved one changes nothing. */
    save(promised: number): Effect.Effect<void, PromiseStoreFailed>
  }
>()("@coterie/election/PromiseStore") {
  /** Forgets when the process ends, after which the node may vote for two leaders at once: for tests and demos only. */
  static readonly layerMemory: Layer.Layer<PromiseStore> = Layer.effect(
    PromiseStore,
    Effect.map(Ref.make(0), (ref) => ({
      load: Ref.get(ref),
      save: (promised) => Ref.update(ref, (saved) => Math.max(saved, promised))
    }))
  )
}

/** An epoch as stored. */
export const PromisedEpoch = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
