/** Takes in the round trips that the engine of a group measures itself, where it does. */
import { abilitiesFor, type GroupStatus, type RttRows } from "@coterie/election"
import { Duration, Effect, Ref } from "effect"

import { askEngine } from "./askEngine.ts"
import { recordEngineRtt } from "./core/latencyMatrix.ts"
import { countEngineRowsFailed } from "./localityMetrics.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { placeOf } from "./placeOf.ts"
import type { Pass } from "./Reconciliation.ts"

/** Never fails: the agents' own rows may do without. Failures are counted by kind. */
export const heedEngineRows = Effect.fnUntraced(function* (pass: Pass, status: GroupStatus) {
  const { capabilities, rttRows } = abilitiesFor(pass.groups, status.group)
  if (capabilities.ownRtt === "none" || rttRows === undefined) return
  const places = new Map(
    [...status.voters, ...status.nonVoters].map((replica) => [replica.id, placeOf(replica)])
  )
  // Groups on the same nodes share what one of them was told in this pass.
  const fleet = JSON.stringify([...places.values()].toSorted())
  const deadline = Duration.times(pass.options.evaluationTimeout, deadlineShare)
  const read = askEngine("rttRows", deadline, () =>
    Effect.flatMap(rttRows(status.group), (rows) => enter(pass, rows, places))
  ).pipe(
    Effect.catch(({ detail, kind }) =>
      Effect.andThen(
        countEngineRowsFailed(kind),
        Effect.logDebug("the engine shows no round trips", { group: status.group, detail })
      )
    )
  )
  yield* pass.shareEngineRows(fleet, read)
})

/** The share of a look's time after which it goes on without. */
const deadlineShare = 1 / 3

const enter = Effect.fnUntraced(function* (
  { matrix }: Pass,
  rows: RttRows,
  places: ReadonlyMap<string, string>
) {
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

const millisMax = 600_000
