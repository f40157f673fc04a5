/** A dispatcher that remembers. */
import { Layer, Ref } from "effect"

import { MigrationDispatcher, type PlannedMove } from "../MigrationDispatcher.ts"

/** Accepts every move at once and appends it to the list. */
export const layerRecordingDispatcher = (
  moves: Ref.Ref<ReadonlyArray<PlannedMove>>
): Layer.Layer<MigrationDispatcher> =>
  Layer.succeed(MigrationDispatcher, {
    dispatch: (move) => Ref.update(moves, (before) => [...before, move])
  })
