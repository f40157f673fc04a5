import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

import {
  heartbeatTransportContract,
  makeMemoryNetwork,
  sampleBeat,
  TransportWorld
} from "../../src/testing/index.ts"
import { isolated } from "../support/isolated.ts"

const world = Layer.effect(
  TransportWorld,
  Effect.map(makeMemoryNetwork, (network) => {
    let count = 0
    return {
      endpoint: Effect.suspend(() => {
        const address = `memory://${count++}`
        return Effect.map(network.endpoint(address), (transport) => ({ transport, address }))
      }),
      deadAddress: "memory://nobody"
    }
  })
)

describe("MemoryNetwork keeps the HeartbeatTransport contract", () => {
  for (const { name, run } of heartbeatTransportContract) {
    it.effect(name, () => Effect.scoped(run).pipe(Effect.provide(world), isolated))
  }
})

describe("MemoryNetwork", () => {
  const twoEnds = Effect.gen(function* () {
    const network = yield* makeMemoryNetwork
    const a = yield* network.endpoint("a")
    const b = yield* network.endpoint("b")
    let served = 0
    yield* b.serve(() => Effect.sync(() => (served++, sampleBeat())))
    const send = Effect.forkChild(a.send("b", sampleBeat()))
    return { network, send, served: () => served }
  })

  it.effect("a link takes its delay in its direction", () =>
    Effect.gen(function* () {
      const { network, send, served } = yield* twoEnds
      yield* network.delay("a", "b", "80 millis")
      yield* network.delay("b", "a", "20 millis")
      const fiber = yield* send
      yield* TestClock.adjust("79 millis")
      assert.strictEqual(served(), 0)
      yield* TestClock.adjust("20 millis")
      assert.strictEqual(served(), 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Beat")
    })
  )

  it.effect("a cut loses requests in one direction and replies in the other, until healed", () =>
    Effect.gen(function* () {
      const { network, send, served } = yield* twoEnds
      yield* network.cut("a", "b")
      const lostRequest = yield* send
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(served(), 0)
      yield* network.heal("a", "b")
      yield* network.cut("b", "a")
      const lostReply = yield* send
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(served(), 1)
      assert.isUndefined(lostRequest.pollUnsafe())
      assert.isUndefined(lostReply.pollUnsafe())
      yield* network.heal("b", "a")
      assert.strictEqual((yield* Fiber.join(yield* send))._tag, "Beat")
    })
  )
})
