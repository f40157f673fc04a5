/** Takes in the round trips that the engine of a group measures itself, where it does. */
import { abilitiesFor, type GroupStatus, type RttRows } from "@coterie/election"
import { Duration, Effect, Ref } from "effect"

import { recordEngineRtt } from "./core/latencyMatrix.ts"
import { countEngineRowsFailed } from "./localityMetrics.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { placeOf } from "./placeOf.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** Never fails: the agents' own rows may do without. Failures are counted by kind. */
export const heedEngineRows = Effect.fnUntraced(function* (
  { engineRead, groups, matrix }: Reconciliation,
  { group, nonVoters, voters }: GroupStatus
) {
  const { capabilities, rttRows } = abilitiesFor(groups, group)
  if (capabilities.ownRtt === "none" || rttRows === undefined) return
  const places = new Map([...voters, ...nonVoters].map((replica) => [replica.id, placeOf(replica)]))
  // Groups on the same nodes share what one of them was told in this pass.
  const fleet = JSON.stringify([...places.values()].toSorted())
  if (engineRead.has(fleet)) return
  engineRead.add(fleet)
  const rows = yield* rttRows(group).pipe(
    Effect.catch(({ message, reason }) =>
      Effect.andThen(
        countEngineRowsFailed(reason._tag),
        Effect.as(Effect.logDebug("the engine shows no round trips", { group, message }), noRows)
      )
    )
  )
  const atMillis = yield* monotonicMillis
  yield* Ref.update(matrix, (before) => {
    let after = before
    for (const [one, row] of rows) {
      for (const [other, rtt] of row) {
        const [from, to] = [places.get(one), places.get(other)]
        const millis = Duration.toMillis(rtt)
        if (from === undefined || to === undefined || !(millis >= 0 && millis < millisMax)) continue
        after = recordEngineRtt(after, { from, to }, { atMillis, millis })
      }
    }
    return after
  })
})

const noRows: RttRows = new Map()

const millisMax = 600_000
