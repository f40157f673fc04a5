/** Enters a round that was just made into the matrix. */
import { Effect, Ref } from "effect"

import { recordRound } from "./core/latencyMatrix.ts"
import type { MeasuredRound } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** As a round of this node's own, made now. */
export const enterRound = Effect.fnUntraced(function* (
  { matrix }: Reconciliation,
  link: { readonly from: string; readonly to: string },
  { answered, bestMillis, sent }: MeasuredRound
) {
  const atMillis = yield* monotonicMillis
  const round = { atMillis, bestMillis, sent, lost: sent - answered }
  yield* Ref.update(matrix, (before) => recordRound(before, link, round))
})
