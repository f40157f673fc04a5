import { requireCapability } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { startWan, type WanNode } from "../src/index.ts"
import { nothingRemains, remainsOf } from "./remains.ts"
import { connects, echoBytes, median, startEcho } from "./traffic.ts"

const rttMillis = [
  [0, 20, 256],
  [20, 0, 256],
  [256, 256, 0]
]

const connectTimes = (from: WanNode, to: WanNode, count = 7) =>
  Effect.promise(() => connects(from, to, { count, timeoutMillis: 5000 }))

/** Whether a single connect fails within a second. */
const isBlocked = (from: WanNode, to: WanNode) =>
  Effect.promise(async () => (await connects(from, to, { count: 1, timeoutMillis: 1000 })).includes(null))

describe.skipIf(!requireCapability("network-namespaces", "WAN emulator").available)("WAN emulator", () => {
  it.effect("gives each link its round trip, and the root namespace none", () =>
    Effect.gen(function* () {
      const wan = yield* startWan({ nodes: 3, rttMillis })
      const [near, other, far] = [0, 1, 2].map((index) => wan.node(index)) as [WanNode, WanNode, WanNode]
      for (const node of wan.nodes) yield* Effect.promise(() => startEcho(node))
      // A connect takes one round trip. A busy machine only ever makes it longer.
      const short = median(yield* connectTimes(near, other))
      assert.isAtLeast(short, 20)
      assert.isAtMost(short, 80)
      const long = median(yield* connectTimes(far, near))
      assert.isAtLeast(long, 256)
      assert.isAtMost(long, 340)

      // Half of the round trip each way: changing one direction moves the whole by its part.
      yield* wan.setLink(0, 1, { delayMillis: 110 })
      const skewed = median(yield* connectTimes(near, other))
      assert.isAtLeast(skewed, 120)
      assert.isAtMost(skewed, 200)
    })
  )

  it.effect("blocks one direction or both, heals, and counts", () =>
    Effect.gen(function* () {
      const wan = yield* startWan({ nodes: 3, rttMillis: 4 })
      const [a, b, c] = [0, 1, 2].map((index) => wan.node(index)) as [WanNode, WanNode, WanNode]
      for (const node of wan.nodes) yield* Effect.promise(() => startEcho(node))
      assert.isFalse(yield* isBlocked(a, b))

      yield* wan.setLink(1, 0, { partitioned: true })
      assert.isTrue(yield* isBlocked(a, b), "the answers are lost")
      assert.isFalse(yield* isBlocked(a, c), "others are not concerned")
      const stats = yield* wan.stats
      assert.isAbove(stats[1]?.[0]?.partitioned ?? 0, 0)
      assert.strictEqual(stats[0]?.[1]?.partitioned, 0)
      yield* wan.setLink(1, 0, { partitioned: false })
      assert.isFalse(yield* isBlocked(a, b))

      yield* wan.setNode(2, { partitioned: true })
      assert.isTrue(yield* isBlocked(c, a))
      assert.isTrue(yield* isBlocked(b, c))
      assert.isFalse(yield* isBlocked(a, b))
      yield* wan.setNode(2, { partitioned: false })
      assert.isFalse(yield* isBlocked(c, a))

      yield* wan.setPair(0, 1, { loss: 1 })
      assert.isTrue(yield* isBlocked(b, a))
      const refused = yield* Effect.exit(wan.setLink(0, 9, { loss: 0.5 }))
      assert.strictEqual(refused._tag, "Failure", "there is no node 9")
    })
  )

  it.effect("carries a transfer whole, through jitter and loss", () =>
    Effect.gen(function* () {
      const wan = yield* startWan({ nodes: 2, rttMillis: 4, jitterMillis: 2, loss: 0.01 })
      yield* Effect.promise(() => startEcho(wan.node(1)))
      const echoed = yield* Effect.promise(() => echoBytes(wan.node(0), wan.node(1), 500_000))
      assert.strictEqual(echoed, "500000")
    })
  )

  it.effect("runs twice at once, and leaves nothing", () =>
    Effect.gen(function* () {
      const nodes = yield* Effect.scoped(
        Effect.gen(function* () {
          const first = yield* startWan({ nodes: 2, rttMillis: 4 })
          const second = yield* startWan({ nodes: 2, rttMillis: 40 })
          for (const wan of [first, second]) yield* Effect.promise(() => startEcho(wan.node(1)))
          assert.isAtMost(median(yield* connectTimes(first.node(0), first.node(1))), 30)
          assert.isAtLeast(median(yield* connectTimes(second.node(0), second.node(1))), 40)
          assert.isAbove(remainsOf(first.node(0)).length, 0)
          return [first.node(0), second.node(0)]
        })
      )
      for (const node of nodes) assert.deepStrictEqual(remainsOf(node), [])
      yield* Effect.forEach(nodes, (node) => Effect.promise(() => nothingRemains(node)))
    })
  )
})
