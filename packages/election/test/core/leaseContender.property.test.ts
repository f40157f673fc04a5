import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import type { ContenderTiming } from "../../src/core/leaseContenderState.ts"
import { makeContenderWorld } from "./leaseContenderWorld.ts"

const timing = {
  ttlMillis: 1000,
  guardMillis: 50,
  drift: 0.025,
  pollMillis: 200,
  cooldownMillis: 3000,
  drainMillis: 1500
}
const nodes = ["a", "b", "c"] as const

/** What may happen to a cluster; numbers are shares of the longest that makes sense. */
const fault = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      share: fc.double({ min: 0, max: 1, noNaN: true })
    })
  },
  fc.record({
    kind: fc.constantFrom(
      "pause" as const,
      "restart" as const,
      "crash" as const,
      "start" as const,
      "resign" as const
    ),
    node: fc.constantFrom(...nodes),
    share: fc.double({ min: 0, max: 1, noNaN: true })
  }),
  fc.record({
    kind: fc.constant("weather" as const),
    lossShare: fc.constantFrom(0, 0, 0.1, 0.3, 0.7),
    delayMillisMax: fc.constantFrom(5, 5, 50, 200, 3000)
  })
)

const makeWorld = (seed: number, timing: ContenderTiming) => {
  const random = randomFrom(seed)
  const world = makeContenderWorld({ nodes, timing, callTimeoutMillis: 333, clockSkew: 0.025, random })
  for (const node of nodes) world.start(node)
  return world
}

/** The world after a story of faults, and how to go on with it. */
const live = (seed: number, story: ReadonlyArray<typeof fault extends fc.Arbitrary<infer A> ? A : never>) => {
  const world = makeWorld(seed, timing)
  for (const event of story) {
    switch (event.kind) {
      case "wait":
        world.advance(event.share * 2000)
        break
      case "weather":
        world.setWeather(event)
        break
      case "pause":
        world.pause(event.node, event.share * 5000)
        break
      case "crash":
        world.crash(event.node)
        break
      case "start":
        world.start(event.node)
        break
      case "restart":
        world.crash(event.node)
        world.start(event.node)
        break
      case "resign":
        world.tell(event.node, { _tag: "StepDown" })
    }
  }
  return world
}

describe("contenders for a lease", () => {
  it("never lead two at a time, and each leads with a higher epoch", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fault, { maxLength: 60, size: "max" }), (seed, story) => {
        const world = live(seed, story)
        world.advance(3000)
        assert.deepStrictEqual(world.violations, [])
      }),
      { numRuns: 400 }
    )
  })

  it("agree on a leader again once faults are over", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fault, { maxLength: 40, size: "max" }), (seed, story) => {
        const world = live(seed, story)
        world.setWeather({ lossShare: 0, delayMillisMax: 5 })
        for (const node of nodes) world.start(node)
        // The longest pause, calls that still travel, the end of a lease, and the cooldown of whoever resigned.
        world.advance(5000 + 6000 + 1100 + timing.cooldownMillis + 1000)
        assert.strictEqual(world.leaders().length, 1)
      }),
      { numRuns: 200 }
    )
  })

  it("do lead in the middle of the faults, so that the first property says something", () => {
    const led = fc
      .sample(fc.tuple(fc.integer(), fc.array(fault, { minLength: 40, maxLength: 80 })), {
        seed: 1,
        numRuns: 50
      })
      .map(([seed, story]) => live(seed, story).led.length)
    assert.isAbove(Math.max(...led), 3)
  })

  it("would be caught with two leaders if they waited less than the time to live", () => {
    const world = makeWorld(1, { ...timing, drift: -0.5 })
    world.advance(1000)
    for (const { node } of world.leaders()) world.pause(node, 5000)
    world.advance(3000)
    assert.isNotEmpty(world.violations)
  })
})

/** Numbers in [0, 1) from a seed (mulberry32). */
const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
