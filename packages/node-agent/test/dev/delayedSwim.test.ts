import { SwimTransport } from "@coterie/membership"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

import { layerDelayedSwim } from "../../src/dev/delayedSwim.ts"

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A node near, whose line to `far` takes 256 ms there and back, and what `far` heard; `far` answers each word over a stream. */
const world = Effect.gen(function* () {
  const network = yield* makeSwimMemoryNetwork
  const heard: Array<string> = []
  const far = yield* network.endpoint("far")
  yield* far.serve({
    onPacket: (packet) => void heard.push(text(packet)),
    onUnreachable: () => undefined,
    onStream: (stream) => ({
      onBytes: (word) => {
        heard.push(text(word))
        stream.write(bytes(`${text(word)}!`))
      },
      onClosed: () => void heard.push("closed")
    })
  })
  const near = yield* Layer.build(layerDelayedSwim(() => 256).pipe(Layer.provide(network.layer("near"))))
  return { heard, near: Context.get(near, SwimTransport) }
})

describe("a delayed line under SWIM", () => {
  it.effect("brings packets after half the round trip, in order", () =>
    Effect.gen(function* () {
      const { heard, near } = yield* world
      for (const word of ["a", "b", "c"]) near.send("far", bytes(word))
      yield* TestClock.adjust("127 millis")
      assert.deepStrictEqual(heard, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(heard, ["a", "b", "c"])
    })
  )

  it.effect("brings what is said over a stream after half of it, and the answer after the other half", () =>
    Effect.gen(function* () {
      const { heard, near } = yield* world
      const answers: Array<string> = []
      const stream = near.connect("far", {
        onBytes: (word) => void answers.push(text(word)),
        onClosed: () => undefined
      })
      stream.write(bytes("a"))
      yield* TestClock.adjust("128 millis")
      assert.deepStrictEqual([heard, answers], [["a"], []])
      yield* TestClock.adjust("128 millis")
      assert.deepStrictEqual(answers, ["a!"])
    })
  )

  it.effect("tells nothing more of a stream that was let go", () =>
    Effect.gen(function* () {
      const { near } = yield* world
      const answers: Array<string> = []
      const stream = near.connect("far", {
        onBytes: (word) => void answers.push(text(word)),
        onClosed: (detail) => void answers.push(detail)
      })
      stream.write(bytes("a"))
      yield* TestClock.adjust("200 millis")
      stream.destroy()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(answers, [])
    })
  )
})
