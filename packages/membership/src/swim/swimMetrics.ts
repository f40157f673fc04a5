/** What a SWIM node counts besides its loop. */
import { type Context, Effect, Metric, type Scope, Struct } from "effect"

import type { SwimState } from "../core/swim/swimState.ts"
import type { CallRefusal } from "../core/swimWire/callCodec.ts"
import type { RefusalReason } from "../core/swimWire/refusal.ts"
import { setMemberCounts } from "../heartbeatMetrics.ts"
import { makeLoopMetrics } from "../LoopMetrics.ts"
import type { FrameTrust } from "./frameTrust.ts"
import type { CallFailure } from "./outboundCalls.ts"
import type { StreamFault } from "./streamNet.ts"

/** The four metrics of the protocol's loop; an iteration is a turn that the timer began, and an error a turn that died. */
export const swimLoop = makeLoopMetrics<"defect" | "generation_file">("swim_loop")

/** Nodes that run, by the registry in which they are shown. */
const runners = new WeakMap<object, number>()

/** Shows the loop as running until the scope closes, and longer while another node of this registry runs. */
export const runLoop: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function* () {
  const registry = yield* Metric.MetricRegistry
  const add = (change: number) =>
    Effect.suspend(() => {
      const running = (runners.get(registry) ?? 0) + change
      runners.set(registry, running)
      return swimLoop.running(running > 0)
    })
  yield* swimLoop.register
  yield* Effect.acquireRelease(add(1), () => add(-1))
})

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

const refused = counter("swim_refused_total", "Packets and streams that were refused, by reason")
const streamFaults = counter("swim_streams_dropped_total", "Streams that this node closed, by fault")
const skipped = counter("swim_extensions_skipped_total", "Extensions of newer versions that were passed over")
const oversized = counter("swim_packets_too_large_total", "Packets that no datagram can carry")
const forgotten = counter("swim_senders_forgotten_total", "Senders whose packets could be replayed again")
const callsRefused = counter(
  "swim_calls_refused_total",
  "Calls of other members that were not answered, by reason"
)
const callsFailed = counter("swim_calls_failed_total", "Calls of this node without an answer, by kind")
const strayReplies = counter(
  "swim_stray_replies_total",
  "Answers that came too late, or to no call of this node"
)
const health = Metric.gauge("swim_local_health", {
  description: "Local health score: 0 is well, higher means slower probes (Lifeguard)"
})

/** The counts of one node. */
export interface SwimMetrics {
  readonly refused: (reason: RefusalReason) => void
  readonly streamFault: (fault: StreamFault) => void
  readonly skipped: (extensions: number) => void
  readonly oversized: () => void
  readonly callRefused: (reason: CallRefusal | "expired") => void
  readonly callFailed: (kind: CallFailure) => void
  readonly strayReply: () => void
  /** Brings the metrics up to the core's counters; what did not change costs nothing. */
  readonly report: () => void
}

/** Counts into the registry of this context. */
export const makeSwimMetrics = (
  context: Context.Context<never>,
  state: SwimState,
  trust: FrameTrust
): SwimMetrics => {
  const reported = new Map<string, number>()
  /** What a number grew by since it was last reported; undefined when it is as it was. */
  const news = (name: string, now: number): number | undefined => {
    const before = reported.get(name)
    if (now === before) return undefined
    reported.set(name, now)
    return now - (before ?? 0)
  }
  const raise = (metric: Metric.Counter<number>, name: string, total: number) => {
    const growth = news(name, total)
    if (growth !== undefined) metric.updateUnsafe(growth, context)
  }
  return {
    refused: (reason) => Metric.withAttributes(refused, { reason }).updateUnsafe(1, context),
    streamFault: (fault) => Metric.withAttributes(streamFaults, { fault }).updateUnsafe(1, context),
    skipped: (extensions) => {
      if (extensions > 0) skipped.updateUnsafe(extensions, context)
    },
    oversized: () => oversized.updateUnsafe(1, context),
    callRefused: (reason) => Metric.withAttributes(callsRefused, { reason }).updateUnsafe(1, context),
    callFailed: (kind) => Metric.withAttributes(callsFailed, { kind }).updateUnsafe(1, context),
    strayReply: () => strayReplies.updateUnsafe(1, context),
    report: () => {
      for (const name of Struct.keys(state.counters)) {
        raise(coreCounter(name), name, state.counters[name])
      }
      raise(forgotten, "forgotten", trust.senders.forgotten())
      if (news("awareness", state.awareness) !== undefined) health.updateUnsafe(state.awareness, context)
      const { dead, left, present, suspects } = state.table
      const counts = { present, suspects, dead, left }
      if (Struct.keys(counts).filter((name) => news(name, counts[name]) !== undefined).length > 0) {
        setMemberCounts({ alive: present - suspects, suspect: suspects, dead, left }, context)
      }
    }
  }
}

const coreCounters = new Map<string, Metric.Counter<number>>()

/** `probesFailed` becomes `swim_probes_failed_total`. */
const coreCounter = (name: string): Metric.Counter<number> => {
  const known = coreCounters.get(name)
  if (known !== undefined) return known
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  const made = counter(`swim_${words.replaceAll(" ", "_")}_total`, `SWIM: ${words}`)
  coreCounters.set(name, made)
  return made
}
