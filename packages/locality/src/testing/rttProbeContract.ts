/** What every `RttProbe` promises, as cases that any test runner can run. */
import type { ContractCase } from "@coterie/membership/testing"
import { Duration, Effect, Fiber, Schema } from "effect"

import { type ProbeTarget, RttProbe } from "../RttProbe.ts"

/** The promise that a layer broke. */
export class ContractViolation extends Schema.TaggedError<ContractViolation>()("ContractViolation", {
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message(): string {
    return `expected ${this.expected}, got ${this.actual}`
  }
}

/** Replicas as the layer under test sees them. */
export interface RttProbeWorld {
  /** Answers within a second. */
  readonly answering: ProbeTarget
  /** Nobody is there, and something says so. */
  readonly refusing: ProbeTarget
  /** Nothing ever comes back; the layer's deadline should be short in a test. */
  readonly silent: ProbeTarget
}

/** The contract of `RttProbe` over replicas in three states. */
export const rttProbeContract = ({
  answering,
  refusing,
  silent
}: RttProbeWorld): ReadonlyArray<ContractCase<RttProbe>> => [
  {
    name: "a replica that answers has a finite round trip, again and again",
    run: Effect.gen(function* () {
      const probe = yield* RttProbe
      for (const sample of [1, 2, 3]) {
        const millis = Duration.toMillis(yield* probe.measure(answering))
        yield* expect(millis >= 0 && millis < 1000, "0 to 1000 ms", `${millis} ms at sample ${sample}`)
      }
    })
  },
  {
    name: "a replica that is not there fails with its id, and not as a timeout",
    run: Effect.gen(function* () {
      const failure = yield* failureOf(refusing)
      yield* expect(failure.id === refusing.id, `a failure of ${refusing.id}`, failure.id)
      yield* expect(failure.kind !== "timeout", "another kind than timeout", failure.kind)
    })
  },
  {
    name: "a silent replica fails with a timeout",
    run: Effect.gen(function* () {
      const failure = yield* failureOf(silent)
      yield* expect(failure.kind === "timeout", "kind timeout", failure.kind)
      yield* expect(failure.message.includes(silent.id), `a message that names ${silent.id}`, failure.message)
    })
  },
  {
    name: "a probe that waits for silence disturbs no other, and can be given up",
    run: Effect.gen(function* () {
      const probe = yield* RttProbe
      const waiting = yield* Effect.forkChild(Effect.exit(probe.measure(silent)))
      yield* probe.measure(answering)
      yield* Fiber.interrupt(waiting)
      yield* probe.measure(answering)
    })
  }
]

const failureOf = Effect.fnUntraced(function* (target: ProbeTarget) {
  const probe = yield* RttProbe
  const result = yield* Effect.result(probe.measure(target))
  if (result._tag === "Failure") return result.failure
  return yield* new ContractViolation({
    expected: `no round trip to ${target.id}`,
    actual: Duration.format(result.success)
  })
})

const expect = (holds: boolean, expected: string, actual: string) =>
  holds ? Effect.void : Effect.fail(new ContractViolation({ expected, actual }))
