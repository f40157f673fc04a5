/**
 * `RttProbe` through the engine's driver: an application-level round trip, so a hung process fails.
 *
 * The value includes the time that the engine takes to answer, usually below 2 ms.
 */
import { type ConsensusError, ConsensusGroups } from "@coterie/election"
import { Effect, Layer } from "effect"

import { ProbeFailed, type ProbeTarget, RttProbe } from "./RttProbe.ts"

/** Round trips through `ConsensusGroups.probe`. */
export const EngineProbe = {
  /** Probes through the driver and keeps the driver's deadlines. */
  layer: Layer.effect(
    RttProbe,
    Effect.map(ConsensusGroups, (groups) => ({
      measure: Effect.fn("EngineProbe.measure")((target: ProbeTarget) =>
        groups
          .probe(target.group, target.id)
          .pipe(Effect.mapError((error) => new ProbeFailed({ ...failureOf(error), ...addressOf(target) })))
      )
    }))
  ) satisfies Layer.Layer<RttProbe, never, ConsensusGroups>
}

const addressOf = ({ id, address }: ProbeTarget) => ({ id, address })

const failureOf = ({ reason }: ConsensusError): Pick<ProbeFailed, "kind" | "detail"> => {
  const detail = reason.message
  if (reason._tag === "TimedOut") return { kind: "timeout", detail }
  return { kind: reason._tag === "Unavailable" ? "unreachable" : "engine", detail }
}
