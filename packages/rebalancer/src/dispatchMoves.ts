/** Hands moves to the dispatcher without waiting for them: each ends on its own, and a failure is counted when it comes. */
import { Cause, Effect, FiberSet, type Scope } from "effect"

import { MigrationDispatcher, type PlannedMove } from "./MigrationDispatcher.ts"
import { countMove, loopMetrics, reportPendingMoves } from "./rebalancerMetrics.ts"

/** Starts moves; interrupts those under way when the scope ends. A move beyond `maxPending` at a time is refused and counted. */
export const makeDispatchMoves: (
  maxPending: number
) => Effect.Effect<
  (moves: ReadonlyArray<PlannedMove>) => Effect.Effect<void>,
  never,
  MigrationDispatcher | Scope.Scope
> = Effect.fnUntraced(function* (maxPending) {
  const dispatcher = yield* MigrationDispatcher
  const fibers = yield* FiberSet.make()
  let pending = 0
  const changePending = (by: number) =>
    Effect.suspend(() => {
      pending += by
      return reportPendingMoves(pending)
    })

  const carryOut = (move: PlannedMove) =>
    Effect.suspend(() => dispatcher.dispatch(move)).pipe(
      Effect.andThen(countMove("completed")),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.void : report(move, "failed", cause)
      ),
      Effect.ensuring(changePending(-1))
    )
  const start = (move: PlannedMove) =>
    pending >= maxPending
      ? report(move, "refused", `${pending} moves are under way already`)
      : Effect.andThen(changePending(1), FiberSet.run(fibers, carryOut(move)))

  yield* reportPendingMoves(0)
  return (moves) => Effect.forEach(moves, (move) => Effect.suspend(() => start(move)), { discard: true })
})

const report = (move: PlannedMove, outcome: "failed" | "refused", why: unknown) =>
  Effect.logWarning("A move was not carried out", why).pipe(
    Effect.annotateLogs({ ...move, outcome }),
    Effect.andThen(loopMetrics.failed("dispatch")),
    Effect.andThen(countMove(outcome))
  )
