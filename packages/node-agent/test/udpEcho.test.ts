import { RttProbe } from "@coterie/locality"
import { StaticMembership } from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Metric, Schedule } from "effect"

import { configFrom } from "../src/config/loadConfig.ts"
import { udpEcho } from "../src/udpEcho.ts"
import { freePorts } from "./e2e/AgentProcess.ts"

const secret = "a secret of the whole cluster"

/** The probe of agent n1 or n2; the other one listens on the other port. */
const probeOf = Effect.fnUntraced(function* (
  self: "n1" | "n2",
  [own, other]: readonly [number, number],
  probeKey = secret
) {
  const config = yield* configFrom({
    cluster: "test",
    peer: { listen: `127.0.0.1:${own}` },
    locality: { probe: "udp", probeKey }
  })
  const peer = { id: self === "n1" ? "n2" : "n1", address: `http://127.0.0.1:${other}` }
  const layer = udpEcho(config).pipe(Layer.provide(StaticMembership.layer({ self, members: [peer] })))
  return Context.get(yield* Layer.build(layer), RttProbe)
})

const twoPorts = Effect.map(
  Effect.promise(() => freePorts(2)),
  ([one = 0, other = 0]) => [one, other] as const
)

const replica = (id: string) => ({ group: "db", id, address: "10.9.9.9:4002" })

const forged = Effect.map(Metric.snapshot, (all) =>
  all.flatMap((one) =>
    one.type === "Counter" &&
    one.id === "locality_echo_dropped_total" &&
    one.attributes?.["reason"] === "forged"
      ? [Number(one.state.count)]
      : []
  )
)

const fresh = Layer.fresh(Layer.succeed(Metric.MetricRegistry, new Map()))

describe("locality.probe: udp", () => {
  it.live("two agents measure each other on the ports of their peer listeners", () =>
    Effect.gen(function* () {
      const [one, other] = yield* twoPorts
      const first = yield* probeOf("n1", [one, other])
      const second = yield* probeOf("n2", [other, one])
      // A process that is too busy to time anything says so; it is not always.
      const calmly = Effect.retry(Schedule.spaced("5 millis"))
      assert.isBelow(Duration.toMillis(yield* calmly(first.measure(replica("n2")))), 1000)
      assert.isBelow(Duration.toMillis(yield* calmly(second.measure(replica("n1")))), 1000)
      const nobody = yield* Effect.flip(first.measure(replica("r9")))
      assert.deepInclude(nobody, { kind: "unreachable", detail: "no agent is known beside it" })
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("another key gets no answer, and is counted at the other end", () =>
    Effect.gen(function* () {
      const [one, other] = yield* twoPorts
      yield* probeOf("n2", [other, one], "another secret, as long as the first")
      const first = yield* probeOf("n1", [one, other])
      const asking = yield* Effect.forkScoped(Effect.flip(first.measure(replica("n2"))))
      yield* Effect.repeat(forged, {
        until: (counts) => counts[0] === 1,
        schedule: Schedule.spaced("5 millis")
      })
      assert.isUndefined(asking.pollUnsafe(), "it is still waiting")
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )

  it.live("a port that is taken names the key", () =>
    Effect.gen(function* () {
      const ports = yield* twoPorts
      yield* probeOf("n1", ports)
      const failure = yield* Effect.flip(probeOf("n2", ports))
      assert.include(failure.message, `peer.listen: locality.probe is udp, and UDP 127.0.0.1:${ports[0]}`)
      assert.include(failure.message, "cannot be opened")
    }).pipe(Effect.scoped, Effect.provide(fresh))
  )
})
