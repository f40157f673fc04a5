/** Between passes: more rounds on links that have too few to count, or that decide an open question, so that decisions need not wait for several passes. */
import { Effect, Random, Ref, type Semaphore } from "effect"

import { askEngine } from "./askEngine.ts"
import { noRounds } from "./core/linkRounds.ts"
import { isYoung, jittered, urgentPauseMillis } from "./core/probeSchedule.ts"
import { openLinks } from "./core/wantedLinks.ts"
import { enterRound } from "./enterRound.ts"
import { loop } from "./localityMetrics.ts"
import { freshnessAt } from "./matrixLimits.ts"
import { measureRound } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Reconciliation } from "./Reconciliation.ts"
import { publishRows } from "./shareRows.ts"

/** Probes this node's urgent links every 5 s, never during a pass. */
export const probeUrgentLinks = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  turn: Semaphore.Semaphore
) {
  const { options, probe } = reconciliation
  for (;;) {
    yield* Effect.sleep(jittered(urgentPauseMillis, yield* Random.next))
    const urgent = yield* urgentLinks(reconciliation)
    if (urgent.length === 0) continue
    const probing = Effect.forEach(
      urgent,
      ({ link, target }) =>
        // A probe may break like an engine's driver.
        askEngine("probe", options.evaluationTimeout, () =>
          Effect.flatMap(measureRound(probe, target, options), (round) =>
            enterRound(reconciliation, link, round)
          )
        ).pipe(Effect.catch(({ kind }) => loop.failed(kind))),
      { concurrency: options.probeConcurrency, discard: true }
    )
    yield* turn.withPermits(1)(Effect.andThen(probing, publishRows(reconciliation)))
  }
})

/** Young links, and those that this agent or another lacks to decide. */
const urgentLinks = Effect.fnUntraced(function* ({
  exchange,
  matrix,
  options,
  targets,
  wanted
}: Reconciliation) {
  const nowMillis = yield* monotonicMillis
  const known = yield* Ref.get(matrix)
  const asked = [...wanted.values(), ...(yield* exchange.heard).map((report) => report.wanted)].flat()
  const open = openLinks(asked, known, freshnessAt(options, nowMillis))
  return [...targets].flatMap(([from, peers]) =>
    [...peers].flatMap(([to, target]) => {
      const link = { from, to }
      const rounds = known.own.get(from)?.get(to) ?? noRounds
      return isYoung(rounds, options.minRounds) || open.has(link) ? [{ link, target }] : []
    })
  )
})
