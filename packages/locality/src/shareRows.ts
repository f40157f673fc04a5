/** Telling the other agents what this one knows, and laying what they claim over its own measurements. */
import { Effect, Ref } from "effect"

import { acceptClaim, ownRows } from "./core/latencyMatrix.ts"
import { recordAttempt } from "./core/transferGuards.ts"
import { distinctLinks } from "./core/wantedLinks.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"

const dayMillis = 86_400_000

/** Tells the others the rows, whether this node drains, its attempts, and the links that it wants measured. */
export const publishRows = Effect.fnUntraced(function* ({
  exchange,
  matrix,
  ownAttempts,
  stance,
  wanted
}: Reconciliation) {
  const { own, rows } = yield* Ref.get(matrix)
  const places = [...own.keys()]
  yield* exchange.publish({
    rows: new Map(places.map((place) => [place, rows.get(place) ?? new Map()])),
    draining: new Set((yield* Ref.get(stance)) === "draining" ? places : []),
    attempts: yield* Ref.get(ownAttempts),
    wanted: distinctLinks([...wanted.values()].flat())
  })
})

/** Takes in what was heard; attempts count for groups that are led or watched here. */
export const hearRows = Effect.fnUntraced(function* ({
  drainingPlaces,
  exchange,
  guards,
  matrix
}: Reconciliation) {
  const nowMillis = yield* monotonicMillis
  const heard = yield* exchange.heard
  yield* Ref.update(matrix, (before) => {
    let after = ownRows(before, { nowMillis, keepMillis: dayMillis })
    for (const { rows } of heard) for (const [from, row] of rows) after = acceptClaim(after, from, row)
    return after
  })
  yield* Ref.update(guards, (before) => {
    const after = new Map(before)
    for (const attempt of heard.flatMap(({ attempts }) => attempts)) {
      const state = after.get(attempt.group)
      if (state !== undefined) after.set(attempt.group, recordAttempt(state, attempt, nowMillis))
    }
    return after
  })
  const draining = new Set<string>()
  for (const report of heard) for (const place of report.draining) draining.add(place)
  yield* Ref.set(drainingPlaces, draining)
})
