/**
 * `RttProbe` by a call between agents over SWIM: one sealed packet each way, fresh for each sample, so that any pair can be measured at any time.
 *
 * The layer answers the others' calls too, so every agent that is measured runs it. The value includes the time that both processes take to
 * open and seal a packet, well below 1 ms on a process that is not busy. What SWIM's own probes measure (`Swim.rtt`) is free, but minutes old
 * in a large cluster.
 */
import { type CallFailed, NodeId, PeerCalls } from "@coterie/membership"
import { Clock, Duration, Effect, Layer } from "effect"

import { countEchoDropped } from "./localityMetrics.ts"
import { withLateness } from "./loopLateness.ts"
import { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"

/** Options of `SwimRttProbe`. */
export interface SwimRttProbeOptions {
  /** The member beside a replica; undefined where none is known. Default the member of the replica's id. */
  readonly memberOf?: (target: ProbeTarget) => Effect.Effect<NodeId | undefined>
  /** How long one call may take. Default 3 s. */
  readonly timeout?: Duration.Input
  /** A sample during which this process's event loop was later than this is not used. Default 5 ms. */
  readonly latenessMax?: Duration.Input
}

/** Round trips by calls over SWIM. */
export const SwimRttProbe = {
  /** Measures and answers until its scope closes. */
  layer: (options: SwimRttProbeOptions = {}): Layer.Layer<RttProbe, never, PeerCalls> =>
    Layer.effect(
      RttProbe,
      Effect.gen(function* () {
        const calls = yield* PeerCalls
        yield* calls.answer(rttCall, () => Effect.succeed(null))
        return { measure: makeMeasure(options, calls) }
      })
    )
}

const rttCall = "rtt"

const sameName = ({ id }: ProbeTarget): Effect.Effect<NodeId> => Effect.succeed(NodeId.make(id))

const makeMeasure = (
  { latenessMax = "5 millis", memberOf = sameName, timeout = "3 seconds" }: SwimRttProbeOptions,
  calls: PeerCalls["Service"]
) =>
  Effect.fn("SwimRttProbe.measure")(function* (target: ProbeTarget) {
    const member = yield* memberOf(target)
    const address = member === undefined ? undefined : yield* calls.addressOf(member)
    const refuse = (kind: ProbeFailed["kind"], detail: string) =>
      new ProbeFailed({ id: target.id, address: address ?? target.address, kind, detail })
    if (member === undefined || address === undefined) {
      return yield* refuse("unreachable", `${member ?? "nobody"} is known beside it as another living member`)
    }
    const call = Effect.gen(function* () {
      const startedNanos = yield* Clock.monotonicTimeNanos
      yield* calls.call(member, { name: rttCall, payload: null, timeout })
      return Duration.nanos((yield* Clock.monotonicTimeNanos) - startedNanos)
    })
    const [roundTrip, lateMillis] = yield* withLateness(call).pipe(
      Effect.mapError((failure) => refuse(kindOf(failure), failure.message))
    )
    if (lateMillis <= Duration.toMillis(latenessMax)) return roundTrip
    yield* countEchoDropped("late")
    return yield* refuse("busy", `this process was busy for ${Math.round(lateMillis)} ms meanwhile`)
  })

const kindOf = ({ kind }: CallFailed): ProbeFailed["kind"] =>
  kind === "timeout" || kind === "refused" || kind === "busy" ? kind : "unreachable"
