/** The loop that decides when to sweep: every interval, and once for any number of kicks. */
import { Clock, Deferred, Duration, Effect, type Latch } from "effect"

import { type LoopEvent, nextDeadlineMillis, nextLoopEvent } from "./core/loopSchedule.ts"
import { loopMetrics } from "./rebalancerMetrics.ts"

/** What drives the loop. */
export interface SweepLoop {
  readonly interval: Duration.Duration
  /** Open while a kick waits to be served. */
  readonly kicked: Latch.Latch
  /** Its end, however it ends, is the end of the loop. */
  readonly shutdown: Effect.Effect<unknown, unknown>
  readonly sweep: (trigger: "tick" | "kick") => Effect.Effect<unknown>
}

/** Runs until the shutdown signal; the first sweep is due one interval after the start, and kicks do not shift the interval. */
export const runSweepLoop: (loop: SweepLoop) => Effect.Effect<void> = Effect.fnUntraced(
  function* ({ interval, kicked, shutdown, sweep }) {
    const intervalMillis = Duration.toMillis(interval)
    const stopped = yield* Deferred.make<void>()
    yield* shutdown.pipe(
      Effect.exit,
      Effect.andThen(Deferred.succeed(stopped, undefined)),
      Effect.forkScoped({ startImmediately: true })
    )
    let deadlineMillis = (yield* monotonicMillis) + intervalMillis
    const next = Effect.map(monotonicMillis, (nowMillis) =>
      nextLoopEvent({
        shutdown: Deferred.isDoneUnsafe(stopped),
        kicked: kicked.isOpen(),
        nowMillis,
        deadlineMillis
      })
    )
    const serve = Effect.fnUntraced(function* (event: Exclude<LoopEvent, { readonly _tag: "Shutdown" }>) {
      switch (event._tag) {
        case "Tick":
          deadlineMillis = nextDeadlineMillis(deadlineMillis, yield* monotonicMillis, intervalMillis)
          return yield* sweep("tick")
        case "Kick":
          // Taken before the sweep: a kick that comes during it asks for another.
          kicked.closeUnsafe()
          return yield* sweep("kick")
        case "Wait":
          return yield* Effect.raceAllFirst([
            Deferred.await(stopped),
            Effect.sleep(Duration.millis(event.millis)),
            kicked.await
          ])
      }
    })
    yield* loopMetrics.running(true)
    for (let event = yield* next; event._tag !== "Shutdown"; event = yield* next) yield* serve(event)
  },
  Effect.ensuring(loopMetrics.running(false)),
  Effect.scoped
)

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
