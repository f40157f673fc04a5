/** One sweep up to its decision: ask the gate, take the loads, hold back under pressure, plan. It changes nothing in the cluster. */
import { Effect } from "effect"

import { ControlStore, ControlStoreError, StoreUnavailable } from "./ControlStore.ts"
import { type LoadPlan, loadPlan } from "./core/nodedbCompat/loadPlan.ts"
import { ElectionGate } from "./ElectionGate.ts"
import { LoadMetrics, LoadMetricsUnavailable, type LoadRecord } from "./LoadMetrics.ts"
import { loopMetrics, type RebalancerErrorKind } from "./rebalancerMetrics.ts"
import type { RebalancerOptions } from "./RebalancerOptions.ts"
import type { SkipReason, SweepAction } from "./SweepDecision.ts"

/** What a sweep decided, and the plan behind it when it came to planning. */
export interface SweepOutcome {
  readonly action: SweepAction
  readonly plan: LoadPlan | undefined
}

/** The services that a decision is made from. */
export type SweepInputs = ElectionGate | LoadMetrics | ControlStore

/** Decides one sweep. Its order is that of the `nodedbCompat` policy: election gate, load metrics, back-pressure, plan. */
export const decideSweep = Effect.fn("Rebalancer.decide")(function* (
  options: RebalancerOptions
): Effect.fn.Return<SweepOutcome, never, SweepInputs> {
  const electing = yield* askGate(options)
  if (electing !== undefined) {
    return skip({ _tag: "electing", group: electing.group, detail: brief(electing.detail) })
  }

  const records = yield* Effect.result(takeLoads(options))
  if (records._tag === "Failure") {
    const detail = brief(records.failure.message)
    yield* countFailure("metrics_snapshot", "No load metrics for this sweep", detail)
    return skip({ _tag: "metricsUnavailable", detail })
  }
  const pressure = findPressure(records.success, options.backpressureCpu)
  if (pressure !== undefined) {
    yield* loopMetrics.failed("backpressure")
    yield* Effect.logInfo("A busy node holds the sweep back").pipe(Effect.annotateLogs({ ...pressure }))
    return skip(pressure)
  }
  const control = yield* Effect.result(readControl(options))
  if (control._tag === "Failure") {
    const detail = brief(control.failure.message)
    yield* countFailure("control_store", "No control state for this sweep", detail)
    return skip({ _tag: "controlStoreUnavailable", detail })
  }
  const plan = loadPlan({ records: records.success, ...control.success.state }, options)
  return plan._tag === "NoPlan"
    ? { action: { _tag: "Skipped", reason: plan.reason }, plan }
    : { action: { _tag: "Dispatched", moves: plan.moves }, plan }
})

const skip = (reason: SkipReason): SweepOutcome => ({ action: { _tag: "Skipped", reason }, plan: undefined })

const countFailure = (kind: RebalancerErrorKind, message: string, detail: string) =>
  Effect.andThen(loopMetrics.failed(kind), Effect.logWarning(message).pipe(Effect.annotateLogs({ detail })))

/** Decisions are kept and sent: a detail that quotes what a source answered must not be as long as the answer. */
const brief = (detail: string): string => (detail.length <= 300 ? detail : `${detail.slice(0, 299)}…`)

const askGate = ({ readTimeout }: RebalancerOptions) =>
  Effect.flatMap(ElectionGate, ({ anyGroupElecting }) =>
    Effect.timeoutOrElse(anyGroupElecting, {
      duration: readTimeout,
      orElse: () => Effect.succeed({ group: "unknown", detail: "the election gate did not answer" })
    })
  )

const takeLoads = ({ readTimeout }: RebalancerOptions) =>
  Effect.flatMap(LoadMetrics, ({ snapshot }) =>
    Effect.timeoutOrElse(snapshot, {
      duration: readTimeout,
      orElse: () => Effect.fail(new LoadMetricsUnavailable({ detail: "the source did not answer" }))
    })
  )

const readControl = ({ readTimeout }: RebalancerOptions) =>
  Effect.flatMap(ControlStore, ({ read }) =>
    Effect.timeoutOrElse(read, {
      duration: readTimeout,
      orElse: () =>
        Effect.fail(new ControlStoreError({ reason: new StoreUnavailable({ detail: "it did not answer" }) }))
    })
  )

/** The first node, in snapshot order, that is too busy. */
const findPressure = (records: ReadonlyArray<LoadRecord>, threshold: number) => {
  const busy = records.find(({ cpuUtilization }) => cpuUtilization > threshold)
  return busy === undefined
    ? undefined
    : { _tag: "backpressure" as const, node: busy.node, cpu: busy.cpuUtilization, threshold }
}
