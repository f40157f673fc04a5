/**
 * The state of this process as a whole: is it started, does it work, should it get traffic, is it stopping.
 *
 * Every answer is ready in memory: no probe waits for a peer, an engine or a disk.
 */
import { Clock, Context, Deferred, Duration, Effect, Layer, Metric } from "effect"

import { judgeLiveness, type LoopSight, seeLoop, watchLoop } from "./core/liveness.ts"

/** What a process does before it serves, in this order; `join` ends as `completeJoin` says. */
export type StartupPhase = "bind" | "join"

/** How far this node has withdrawn. */
export type DrainState =
  | { readonly _tag: "Serving" }
  | { readonly _tag: "Draining" | "Drained"; readonly elapsed: Duration.Duration }

/** A loop, and how it shows that it goes on. */
export interface WatchedLoop {
  readonly name: string
  /** Time between two steps. */
  readonly interval: Duration.Duration
  /** How long one step may wait for somebody else, such as an engine; default not at all. */
  readonly stepTimeout?: Duration.Duration
  /** Names of the counters that rise with each step. */
  readonly counters: ReadonlyArray<string>
}

/** The state of this process. */
export class Health extends Context.Service<
  Health,
  {
    /** The phase under way, or undefined when startup is done. */
    readonly startup: Effect.Effect<StartupPhase | undefined>
    /** Ends a phase and begins the next. */
    completePhase(phase: StartupPhase): Effect.Effect<void>
    /** One check for the event loop and one for each watched loop. */
    readonly liveness: Effect.Effect<ReadonlyArray<{ readonly name: string; readonly ok: boolean }>>
    /** Watches a loop by the metrics that count its steps. */
    watchLoop(loop: WatchedLoop): Effect.Effect<void>
    readonly drainState: Effect.Effect<DrainState>
    /** Begins to drain; harmless when repeated. True when it began now. */
    readonly drain: Effect.Effect<boolean>
    readonly cancelDrain: Effect.Effect<void>
    /** Announces the end: answers that would go on for ever end now. */
    readonly stop: Effect.Effect<void>
    /** Waits until `stop`. */
    readonly stopping: Effect.Effect<void>
    /** Time since this process began to assemble its parts. */
    readonly uptime: Effect.Effect<Duration.Duration>
  }
>()("@coterie/node-agent/Health") {
  /** Watches until its scope ends; a drain counts as done after `readinessDelay`. */
  static readonly layer = (readinessDelay: Duration.Duration): Layer.Layer<Health> =>
    Layer.effect(Health, makeHealth(readinessDelay))
}

const watchPeriodMillis = 500

const lagSeconds = Metric.histogram("event_loop_lag_seconds", {
  description: "How late the event loop came back to a timer",
  boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5]
})

const phases: ReadonlyArray<StartupPhase> = ["bind", "join"]

const nowMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const makeHealth = Effect.fnUntraced(function* (readinessDelay: Duration.Duration) {
  const startedMillis = yield* nowMillis
  const stopping = yield* Deferred.make<void>()
  const completed = new Set<StartupPhase>()
  const watched: Array<{ readonly counters: ReadonlyArray<string>; sight: LoopSight }> = []
  let wokeMillis = startedMillis
  let drainedSince: number | undefined

  const look = Effect.fnUntraced(function* () {
    const now = yield* nowMillis
    yield* Metric.update(lagSeconds, Math.max(0, now - wokeMillis - watchPeriodMillis) / 1000)
    wokeMillis = now
    const metrics = yield* Metric.snapshot
    for (const loop of watched) loop.sight = seeLoop(loop.sight, sumOf(metrics, loop.counters), now)
  })
  yield* Effect.sleep(watchPeriodMillis).pipe(Effect.andThen(look()), Effect.forever, Effect.forkScoped)

  return Health.of({
    startup: Effect.sync(() => phases.find((phase) => !completed.has(phase))),
    completePhase: (phase) => Effect.sync(() => completed.add(phase)),
    liveness: Effect.map(nowMillis, (now) =>
      judgeLiveness(
        watched.map(({ sight }) => sight),
        now - wokeMillis - watchPeriodMillis,
        now
      )
    ),
    watchLoop: ({ counters, interval, name, stepTimeout = Duration.zero }) =>
      Effect.map(nowMillis, (now) => {
        const bounds = {
          intervalMillis: Duration.toMillis(interval),
          stepMillisMax: Duration.toMillis(stepTimeout)
        }
        watched.push({ counters, sight: watchLoop(name, bounds, now) })
      }),
    drainState: Effect.map(nowMillis, (now): DrainState => {
      if (drainedSince === undefined) return { _tag: "Serving" }
      const elapsed = Duration.millis(now - drainedSince)
      return { _tag: Duration.isLessThan(elapsed, readinessDelay) ? "Draining" : "Drained", elapsed }
    }),
    drain: Effect.map(nowMillis, (now) => {
      if (drainedSince !== undefined) return false
      drainedSince = now
      return true
    }),
    cancelDrain: Effect.sync(() => {
      drainedSince = undefined
    }),
    stop: Effect.asVoid(Deferred.succeed(stopping, undefined)),
    stopping: Deferred.await(stopping),
    uptime: Effect.map(nowMillis, (now) => Duration.millis(now - startedMillis))
  })
})

/** The sum of the counters with these names, whatever their labels. */
const sumOf = (metrics: ReadonlyArray<Metric.Metric.Snapshot>, names: ReadonlyArray<string>): number =>
  metrics.reduce(
    (sum, metric) =>
      metric.type === "Counter" && names.includes(metric.id) ? sum + Number(metric.state.count) : sum,
    0
  )
