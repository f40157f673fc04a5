import { HeartbeatTransport, protocolVersion } from "@coterie/membership"
import { makeMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

import { layerDelayed, readLatencies } from "../../src/dev/Latency.ts"

const request = {
  _tag: "Call",
  protocol: protocolVersion,
  cluster: "test",
  from: "a",
  instance: "0123456789abcdef",
  name: "x",
  payload: null
} as const

describe("a delayed transport", () => {
  it.effect("delivers a request after half the round trip, and its answer after the other half", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const far = yield* network.endpoint("far")
      let arrived = false
      yield* far.serve(() =>
        Effect.sync(() => {
          arrived = true
          return { _tag: "Refusal", reason: "left", detail: "gone" } as const
        })
      )
      const near = yield* HeartbeatTransport.pipe(
        Effect.provide(layerDelayed(() => 256).pipe(Layer.provide(network.layer("near"))))
      )
      const answer = yield* Effect.forkChild(near.send("far", request))
      yield* TestClock.adjust("127 millis")
      assert.isFalse(arrived)
      yield* TestClock.adjust("1 millis")
      assert.isTrue(arrived)
      yield* TestClock.adjust("127 millis")
      assert.isUndefined(answer.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.propertyVal(yield* Fiber.join(answer), "_tag", "Refusal")
    })
  )

  it.effect("brings bad news as late as good news", () =>
    Effect.gen(function* () {
      const network = yield* makeMemoryNetwork
      const near = yield* HeartbeatTransport.pipe(
        Effect.provide(layerDelayed(() => 256).pipe(Layer.provide(network.layer("near"))))
      )
      const answer = yield* Effect.forkChild(Effect.flip(near.send("nowhere", request)))
      yield* TestClock.adjust("255 millis")
      assert.isUndefined(answer.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.propertyVal(yield* Fiber.join(answer), "kind", "unreachable")
    })
  )
})

describe("readLatencies", () => {
  it.effect("takes the last mention of a link", () =>
    Effect.map(readLatencies(["a", "b"], ["a-b=80ms", "b-a=90ms"]), (latencies) =>
      assert.strictEqual(latencies["a"]?.["b"], 90)
    )
  )
  it.effect("says which --latency is wrong, and what would be right", () =>
    Effect.map(Effect.flip(readLatencies(["a", "b"], ["a-b=80ms", "a-b=soon"])), (error) =>
      assert.strictEqual(
        error.message,
        "--latency a-b=soon: expected two nodes and a round trip, such as a-b=80ms or a-b=0.2s"
      )
    )
  )
})
