/** The loop of leader locality: passes over all groups, several at a time, on a steady beat. */
import { ConsensusGroups } from "@coterie/election"
import { Duration, Effect, Fiber, FiberHandle, Metric, Random, Ref, Semaphore } from "effect"

import { askEngine } from "./askEngine.ts"
import { forgetAttempts, retainGroups } from "./attempts.ts"
import type { PlanNode } from "./core/assumptions.ts"
import { type Attempts, forgetElapsed, noAttempts } from "./core/cooldown.ts"
import { emptyMatrix } from "./core/latencyMatrix.ts"
import { jittered } from "./core/probeSchedule.ts"
import type { QuorumView } from "./core/QuorumView.ts"
import { nextTick } from "./core/ticks.ts"
import type { GuardState } from "./core/transferGuards.ts"
import type { Decision } from "./Decision.ts"
import { makeDecisionLog } from "./DecisionLog.ts"
import { conclude, type Look, lookAt } from "./evaluateGroup.ts"
import { explain, plan } from "./inspect.ts"
import { droppedTicks, loop } from "./localityMetrics.ts"
import type { LocalityOptions } from "./LocalityOptions.ts"
import type { LocalityStance } from "./LocalityStance.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import { probeUrgentLinks } from "./probeUrgentLinks.ts"
import type { Pass, Reconciliation } from "./Reconciliation.ts"
import { type GroupAttempt, RowExchange } from "./RowExchange.ts"
import { RttProbe } from "./RttProbe.ts"
import { hearRows, publishRows } from "./shareRows.ts"
import { makeSharedWork } from "./shareWork.ts"

/** Starts the loop in the scope of the caller and returns what readers see of it. */
export const makeReconciler = Effect.fnUntraced(function* (options: LocalityOptions) {
  const reconciliation: Reconciliation = {
    groups: yield* ConsensusGroups,
    probe: yield* RttProbe,
    exchange: yield* RowExchange,
    options,
    attempts: yield* Ref.make<Attempts>(noAttempts),
    stance: yield* Ref.make<LocalityStance>("normal"),
    matrix: yield* Ref.make(emptyMatrix),
    guards: yield* Ref.make<ReadonlyMap<string, GuardState>>(new Map()),
    views: yield* Ref.make<ReadonlyMap<string, QuorumView>>(new Map()),
    ownAttempts: yield* Ref.make<ReadonlyArray<GroupAttempt>>([]),
    drainingPlaces: yield* Ref.make<ReadonlySet<string>>(new Set()),
    targets: new Map(),
    wanted: new Map(),
    decided: new Map()
  }
  const scope = yield* Effect.scope
  const log = yield* makeDecisionLog(options.history)
  const turn = yield* Semaphore.make(1)
  const afterwards = yield* FiberHandle.make<void>()
  const pass = turn.withPermits(1)(
    Effect.tap(loop.iteration(runPass(reconciliation, log)), () =>
      FiberHandle.run(afterwards, probeUrgentLinks(reconciliation, turn))
    )
  )
  yield* loop.register
  yield* Effect.forkScoped(loop.whileRunning(everyTick(pass, options.interval)))
  return {
    options,
    decisions: log.stream,
    recent: log.recent,
    latest: log.latest,
    rows: Effect.map(log.latest, rowsOf),
    matrix: Ref.get(reconciliation.matrix),
    views: Ref.get(reconciliation.views),
    explain: (group: string) =>
      Effect.flatMap(log.latest, (latest) => explain(reconciliation, latest, group)),
    plan: (assumptions: ReadonlyArray<string>, nodes: ReadonlyArray<PlanNode> = []) =>
      plan(reconciliation, assumptions, nodes),
    // In the layer's scope: a caller that gives up must not leave a transfer half observed.
    evaluateNow: Effect.flatMap(Effect.forkIn(pass, scope), Fiber.join),
    setStance: (stance: LocalityStance) =>
      Effect.andThen(Ref.set(reconciliation.stance, stance), publishRows(reconciliation)),
    forgetAttempts: (group: string) => forgetAttempts(reconciliation, group)
  }
})

type DecisionLog = Effect.Success<ReturnType<typeof makeDecisionLog>>

/**
 * One decision for each group. All are looked at, some at a time; who stays is recorded in the order of the list, and then one after another
 * carries out its wish. Never fails; what goes wrong is counted by kind.
 */
const runPass = Effect.fn("LeaderLocality.pass")(function* (
  reconciliation: Reconciliation,
  log: DecisionLog
) {
  const { options, attempts } = reconciliation
  const listed = yield* listGroups(reconciliation)
  const decisions = new Map<string, Decision>()
  const settle = Effect.fnUntraced(function* (look: Look) {
    const decision = yield* conclude(reconciliation, look)
    decisions.set(look.group, decision)
    yield* log.record(decision)
  })
  yield* hearRows(reconciliation)
  const wishes = yield* lookAtAll(reconciliation, [...(listed ?? [])], settle)
  for (const look of wishes.toSorted((a, b) => urgency(b) - urgency(a))) yield* settle(look)
  yield* publishRows(reconciliation)
  if (listed !== undefined) {
    yield* log.retain(listed)
    yield* retainGroups(reconciliation, listed)
  }
  const nowMillis = yield* monotonicMillis
  yield* Ref.update(attempts, (all) => forgetElapsed(all, nowMillis, Duration.toMillis(options.cooldown)))
  return [...(listed ?? [])].flatMap((group) => decisions.get(group) ?? [])
})

/** Looks at every group and settles those that stay, each as soon as all before it are looked at; returns the others. */
const lookAtAll = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  listed: ReadonlyArray<string>,
  settle: (look: Look) => Effect.Effect<void>
) {
  reconciliation.targets.clear()
  reconciliation.wanted.clear()
  const scope = yield* Effect.scope
  const pass: Pass = {
    ...reconciliation,
    shareRound: makeSharedWork(scope),
    shareEngineRows: makeSharedWork(scope)
  }
  const looks: Array<Look | undefined> = listed.map(() => undefined)
  const wishes: Array<Look> = []
  const settling = yield* Semaphore.make(1)
  let settled = 0
  const settleNext = Effect.gen(function* () {
    for (let look = looks[settled]; look !== undefined; look = looks[settled]) {
      settled += 1
      if (look.verdict._tag === "Stay") yield* settle(look)
      else wishes.push(look)
    }
  })
  yield* Effect.forEach(
    listed.entries(),
    ([index, group]) =>
      Effect.flatMap(lookAt(pass, group), (look) => {
        looks[index] = look
        return settling.withPermits(1)(settleNext)
      }),
    { concurrency: reconciliation.options.groupConcurrency, discard: true }
  )
  return wishes
}, Effect.scoped)

/** One transfer at a time: evacuations first, then what gains most. */
const urgency = ({ verdict }: Look): number => {
  if (verdict._tag === "Stay") return Number.NEGATIVE_INFINITY
  return verdict.evacuation === true ? Number.POSITIVE_INFINITY : verdict.gainMillis
}

/** Undefined when the engine does not say which groups it has. */
const listGroups = ({ groups, options }: Reconciliation): Effect.Effect<ReadonlySet<string> | undefined> =>
  askEngine("list", options.evaluationTimeout, () => Effect.map(groups.list, (list) => new Set(list))).pipe(
    Effect.tapError(({ kind }) => loop.failed(kind)),
    Effect.catch(({ kind, detail }) =>
      Effect.as(Effect.logWarning("the engine did not list its groups", { kind, detail }), undefined)
    )
  )

/** Runs the pass at each tick, or up to 20 % of an interval off it by chance; the first tick is one interval from now. A tick that comes during a pass is dropped and counted. */
const everyTick = Effect.fnUntraced(function* (pass: Effect.Effect<unknown>, interval: Duration.Duration) {
  const intervalMillis = Duration.toMillis(interval)
  let dueMillis = (yield* monotonicMillis) + intervalMillis
  for (;;) {
    const shiftMillis = jittered(intervalMillis, yield* Random.next) - intervalMillis
    yield* Effect.sleep(dueMillis + shiftMillis - (yield* monotonicMillis))
    yield* pass
    const next = nextTick(dueMillis, yield* monotonicMillis, intervalMillis)
    dueMillis = next.dueMillis
    if (next.dropped > 0) {
      yield* Metric.update(droppedTicks, next.dropped)
      yield* Effect.logDebug("a pass took longer than the interval", { droppedTicks: next.dropped })
    }
  }
})

const rowsOf = (latest: ReadonlyMap<string, Decision>): ReadonlyMap<string, ReadonlyMap<string, number>> =>
  new Map([...latest].map(([group, { row }]) => [group, new Map(Object.entries(row))]))
