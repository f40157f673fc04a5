/** The migration dispatcher port: it carries a planned move out. */
import { NodeId } from "@coterie/membership"
import { Context, Effect, Layer, Schema } from "effect"

import { ControlStore, updateControlState } from "./ControlStore.ts"
import { applyMove } from "./core/controlState.ts"
import { shardCount } from "./core/routing.ts"

/** A decision to move the lead of a shard's group to another node. */
export const PlannedMove = Schema.Struct({
  shard: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: shardCount - 1 })),
  /** The node that leads the group when the move is planned. */
  source: NodeId,
  target: NodeId,
  /** The group that serves the shard. */
  group: Schema.Natural
})
/** A decision to move the lead of a shard's group to another node. */
export type PlannedMove = typeof PlannedMove.Type

/** The move was not carried out; the next sweep plans anew. */
export class DispatchFailed extends Schema.TaggedError<DispatchFailed>()("DispatchFailed", {
  move: PlannedMove,
  detail: Schema.String
}) {
  override get message(): string {
    const { group, source, target } = this.move
    return `group ${group} was not moved from ${source} to ${target}: ${this.detail}`
  }
}

/** Carries moves out. */
export class MigrationDispatcher extends Context.Service<
  MigrationDispatcher,
  {
    /** Carries the move out and returns when it is done. Fails with `DispatchFailed`; several moves may run at once. */
    dispatch(move: PlannedMove): Effect.Effect<void, DispatchFailed>
  }
>()("@coterie/rebalancer/MigrationDispatcher") {
  /** Changes the routing table in the control store and nothing else, for groups whose engine follows that table. */
  static readonly layerControlStore: Layer.Layer<MigrationDispatcher, never, ControlStore> = Layer.effect(
    MigrationDispatcher,
    Effect.map(ControlStore, (store) => ({
      dispatch: Effect.fn("MigrationDispatcher.dispatch")((move) =>
        changeRouting(move).pipe(Effect.provideService(ControlStore, store))
      )
    }))
  )
}

const changeRouting = (move: PlannedMove): Effect.Effect<void, DispatchFailed, ControlStore> =>
  updateControlState((state) => {
    const outcome = applyMove(state, move)
    return outcome._tag === "Applied"
      ? Effect.succeed(outcome.state)
      : Effect.fail(new DispatchFailed({ move, detail: outcome.reason }))
  }).pipe(
    Effect.catchTag("ControlStoreError", (error) =>
      Effect.fail(new DispatchFailed({ move, detail: error.message }))
    ),
    Effect.asVoid
  )
