/** Between passes: more rounds on links that have too few to count, so that decisions need not wait for several passes. */
import { Effect, Random, Ref, type Semaphore } from "effect"

import { askEngine } from "./askEngine.ts"
import { isYoung, jittered, youngPauseMillis } from "./core/probeSchedule.ts"
import { enterRound } from "./enterRound.ts"
import { loop } from "./localityMetrics.ts"
import { measureRound } from "./measureRow.ts"
import type { Reconciliation } from "./Reconciliation.ts"
import { publishRows } from "./shareRows.ts"

/** Probes this node's young links every 5 s, never during a pass, until there are none. */
export const probeYoungLinks = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  turn: Semaphore.Semaphore
) {
  const { options, probe } = reconciliation
  for (let young = yield* youngLinks(reconciliation); young.length > 0;) {
    yield* Effect.sleep(jittered(youngPauseMillis, yield* Random.next))
    const probing = Effect.forEach(
      young,
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
    young = yield* youngLinks(reconciliation)
  }
})

const youngLinks = ({ matrix, options, targets }: Reconciliation) =>
  Effect.map(Ref.get(matrix), ({ own }) =>
    [...targets].flatMap(([from, peers]) =>
      [...peers].flatMap(([to, target]) => {
        const rounds = own.get(from)?.get(to)
        return rounds !== undefined && isYoung(rounds, options.minRounds)
          ? [{ link: { from, to }, target }]
          : []
      })
    )
  )
