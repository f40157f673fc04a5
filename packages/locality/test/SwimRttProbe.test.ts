import { type PeerCalls, Swim } from "@coterie/membership"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Metric, Schedule } from "effect"

import { type ProbeTarget, RttProbe, SwimRttProbe, type SwimRttProbeOptions } from "../src/index.ts"
import { rttProbeContract } from "../src/testing/index.ts"
import { metric } from "./support/agent.ts"
import { swimMember, untilMeshed } from "./support/swimMembers.ts"

const target = (id: string): ProbeTarget => ({ group: "db", id, address: `${id}.example:4001` })

/** Tests share the machine with others. */
const patient: SwimRttProbeOptions = { timeout: "300 millis", latenessMax: "1 second" }

const besideB = ({ address }: ProbeTarget) =>
  Effect.succeed(address === "replica.example:4001" ? "b" : undefined)

/** The probe of `a` among `a`, `b` and `c`, of which the packets between `a` and `c` are lost, and the network between them. */
const world = Effect.fnUntraced(function* (
  options: SwimRttProbeOptions = patient,
  delay: Duration.Input = 0
) {
  const network = yield* makeSwimMemoryNetwork
  network.delay(delay)
  const start = (self: string) =>
    Layer.build(
      SwimRttProbe.layer(options).pipe(Layer.provideMerge(swimMember(self, network))) satisfies Layer.Layer<
        RttProbe | Swim | PeerCalls
      >
    )
  const [a, b, c] = [yield* start("a"), yield* start("b"), yield* start("c")]
  yield* untilMeshed([a, b, c].map((context) => Context.get(context, Swim)))
  network.part(["a"], ["c"])
  return { a, probe: Context.get(a, RttProbe) }
})

const apart = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.suspend(() =>
    test.pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.provide(Logger.layer([])))
  )

describe.concurrent("SwimRttProbe", () => {
  for (const { name, run } of rttProbeContract({
    answering: target("b"),
    refusing: target("nobody"),
    silent: target("c")
  })) {
    it.live(name, () => apart(Effect.flatMap(world(), ({ a }) => Effect.provide(run, a))))
  }

  it.live("measures the way there and back, and the node's own probes see the same", () =>
    apart(
      Effect.gen(function* () {
        const { a, probe } = yield* world(patient, "20 millis")
        const millis = Duration.toMillis(yield* probe.measure(target("b")))
        assert.isAtLeast(millis, 39)
        assert.isBelow(millis, 200)
        const swim = Context.get(a, Swim)
        const ofProtocol = yield* swim
          .rtt("b")
          .pipe(
            Effect.repeat({ until: (known) => known !== undefined, schedule: Schedule.spaced("10 millis") })
          )
        assert.isAtLeast(Duration.toMillis(ofProtocol?.rtt ?? Duration.zero), 39)
        assert.isBelow(Duration.toMillis(ofProtocol?.rtt ?? Duration.infinity), 200)
        assert.isBelow(Duration.toMillis(ofProtocol?.age ?? Duration.infinity), 1000)
      })
    )
  )

  it.live("asks the member that is beside a replica, if one is known", () =>
    apart(
      Effect.gen(function* () {
        const { probe } = yield* world({ ...patient, memberOf: besideB })
        yield* probe.measure(target("replica"))
        const failure = yield* Effect.flip(probe.measure(target("b")))
        assert.deepStrictEqual([failure.kind, failure.address], ["unreachable", "b.example:4001"])
      })
    )
  )

  it.live("does not use a sample during which this process was busy", () =>
    apart(
      Effect.gen(function* () {
        const { probe } = yield* world({}, "1 millis")
        const busy = Effect.sync(() => {
          for (const end = Date.now() + 40; Date.now() < end;);
        })
        const both = Effect.all([probe.measure(target("b")), busy], { concurrency: 2 })
        assert.strictEqual((yield* Effect.flip(both)).kind, "busy")
        assert.strictEqual(yield* metric("locality_echo_dropped_total", { reason: "late" }), 1)
      })
    )
  )
})
