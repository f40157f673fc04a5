/**
 * The rebalancer port: sweeps that compare the nodes' loads and move the lead of shards from hot nodes to cold ones.
 *
 * Only one node of a cluster should run it, or every move is dispatched several times: `election.whileLeader(rebalancer.run())`.
 */
import { Context, DateTime, Duration, Effect, Latch, Layer, PubSub, Semaphore, Stream } from "effect"

import type { LoadPlan } from "./core/nodedbCompat/loadPlan.ts"
import { decideSweep, type SweepInputs } from "./decideSweep.ts"
import { makeDispatchMoves } from "./dispatchMoves.ts"
import type { MigrationDispatcher } from "./MigrationDispatcher.ts"
import { countNoMove, loopMetrics } from "./rebalancerMetrics.ts"
import { RebalancerOptions, type RebalancerOptionsInput } from "./RebalancerOptions.ts"
import { runSweepLoop } from "./runSweepLoop.ts"
import { explainSkip, type SweepAction, type SweepDecision, type SweepTrigger } from "./SweepDecision.ts"

/** The rebalancer and what it decided. */
export class Rebalancer extends Context.Service<
  Rebalancer,
  {
    /** The options in force, every default filled in. */
    readonly options: RebalancerOptions
    /** Sweeps now, after a sweep that is under way, and returns what was decided. Dispatches are not waited for. */
    readonly sweepOnce: Effect.Effect<SweepDecision>
    /** Asks the running loop for one sweep as soon as possible; kicks that come before it starts are one kick. Never waits. */
    readonly kick: Effect.Effect<void>
    /**
     * Sweeps every interval and after kicks until the signal completes, in whatever way: a signal that fails shuts down too. The sweep
     * under way is finished first. Without a signal it runs until interrupted. A second `run` waits for the first to end.
     */
    run(shutdown?: Effect.Effect<unknown, unknown>): Effect.Effect<void>
    /** The last plan, or undefined while no sweep came that far. */
    readonly lastPlan: Effect.Effect<LoadPlan | undefined>
    /** The last `options.history` decisions, newest last. */
    readonly recent: Effect.Effect<ReadonlyArray<SweepDecision>>
    /** Decisions from now on; a reader that is slower than `options.history` decisions loses the oldest and never blocks a sweep. */
    readonly decisions: Stream.Stream<SweepDecision>
  }
>()("@coterie/rebalancer/Rebalancer") {
  /** A rebalancer that waits to be asked. A value outside its range is a defect: decode options from outside with `RebalancerOptions`. */
  static readonly layer = (
    options: RebalancerOptionsInput = {}
  ): Layer.Layer<Rebalancer, never, SweepInputs | MigrationDispatcher> =>
    Layer.effect(
      Rebalancer,
      Effect.suspend(() => makeRebalancer(RebalancerOptions.make(options)))
    )

  /** Runs the loop until the scope ends. */
  static readonly layerRun: Layer.Layer<never, never, Rebalancer> = Layer.effectDiscard(
    Effect.flatMap(Rebalancer, (rebalancer) => Effect.forkScoped(rebalancer.run()))
  )
}

const makeRebalancer = Effect.fnUntraced(function* (options: RebalancerOptions) {
  const services = yield* Effect.context<SweepInputs>()
  const dispatchMoves = yield* makeDispatchMoves(options.maxMovesPending)
  const published = yield* PubSub.sliding<SweepDecision>(options.history)
  const sweeping = yield* Semaphore.make(1)
  const running = yield* Semaphore.make(1)
  const kicked = yield* Latch.make(false)
  let sweeps = 0
  let lastPlan: LoadPlan | undefined
  let recent: ReadonlyArray<SweepDecision> = []
  yield* loopMetrics.register

  const sweep = Effect.fn("Rebalancer.sweep")(function* (trigger: SweepTrigger) {
    const at = DateTime.formatIso(yield* DateTime.now)
    const [took, { action, plan }] = yield* Effect.timed(decideSweep(options)).pipe(Effect.provide(services))
    if (action._tag === "Dispatched") yield* dispatchMoves(action.moves)
    yield* loopMetrics.completed(took)
    sweeps += 1
    lastPlan = plan ?? lastPlan
    const decision = { sweep: sweeps, trigger, at, tookMillis: Duration.toMillis(took), action }
    recent = [...recent, decision].slice(-options.history)
    yield* PubSub.publish(published, decision)
    yield* report(action)
    return decision
  }, Semaphore.withPermit(sweeping))

  return Rebalancer.of({
    options,
    sweepOnce: sweep("call"),
    kick: Effect.asVoid(kicked.open),
    run: Effect.fn("Rebalancer.run")(
      (shutdown = Effect.never) => runSweepLoop({ interval: options.interval, kicked, shutdown, sweep }),
      Semaphore.withPermit(running)
    ),
    lastPlan: Effect.sync(() => lastPlan),
    recent: Effect.sync(() => recent),
    decisions: Stream.fromPubSub(published)
  })
})

const report = (action: SweepAction) =>
  action._tag === "Dispatched"
    ? Effect.logInfo("The sweep dispatched moves").pipe(Effect.annotateLogs({ moves: action.moves.length }))
    : Effect.andThen(
        countNoMove(action.reason._tag),
        Effect.logDebug("The sweep moved nothing").pipe(
          Effect.annotateLogs({ reason: action.reason._tag, detail: explainSkip(action.reason) })
        )
      )
