import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FiberSet, Latch, Layer } from "effect"

import { configOf } from "../src/core/leasedQuorumState.ts"
import type { LeaseMessage } from "../src/core/leaseMessages.ts"
import { LeaseTransport, PromiseStore } from "../src/index.ts"
import { makeLeasedQuorumNode } from "../src/leasedQuorumNode.ts"
import { leasedTiming } from "./core/leasedWorld.ts"
import { counted } from "./support/counted.ts"

const members = ["a", "b", "c"]
const bid = (epoch: number): LeaseMessage => ({
  _tag: "Request",
  kind: "bid",
  epoch,
  sentAtMillis: 0,
  config: configOf(members, leasedTiming)
})

/** Node b with a disk that the test holds up, and what it did in order. */
const nodeB = Effect.gen(function* () {
  const log: Array<string> = []
  const disk = yield* Latch.make(true)
  const transport = Layer.succeed(LeaseTransport, {
    self: "b",
    members,
    intervalMillis: 1000,
    deadAfterMillis: 4000,
    send: (to, message) =>
      Effect.sync(() => log.push(`${to} ${message._tag === "Answer" ? message.verdict : message._tag}`)),
    attach: () => Effect.void
  } as LeaseTransport["Service"])
  const store = Layer.succeed(PromiseStore, {
    load: Effect.succeed(0),
    save: (promised) =>
      Effect.andThen(
        disk.await,
        Effect.sync(() => void log.push(`saved ${promised}`))
      )
  })
  const node = yield* makeLeasedQuorumNode(leasedTiming, {
    announce: () => Effect.void,
    stopWork: () => Effect.void
  }).pipe(Effect.provide([transport, store]))
  return { node, log, disk }
})

describe("a node of a leased quorum", () => {
  it.effect("answers only after the promise is on disk, and one event after the other", () =>
    Effect.gen(function* () {
      const { disk, log, node } = yield* nodeB
      yield* disk.close
      const first = yield* Effect.forkChild(node.offer({ _tag: "Received", from: "a", message: bid(1) }))
      const second = yield* Effect.forkChild(node.offer({ _tag: "Received", from: "c", message: bid(2) }))
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, [])
      yield* disk.open
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.deepStrictEqual(log, ["saved 1", "a granted", "c held"])
    })
  )

  it.effect(
    "loses events, and counts them, when too many wait for the disk; an asker that gives up waits no more",
    () =>
      Effect.gen(function* () {
        const { disk, node } = yield* nodeB
        const before = yield* counted("election_lease_events_missed_total", {})
        yield* disk.close
        const asking = yield* FiberSet.make()
        const ask = FiberSet.run(asking, node.offer({ _tag: "Received", from: "a", message: bid(1) }))
        for (let event = 0; event < 300; event++) yield* ask
        yield* Effect.yieldNow
        assert.strictEqual((yield* counted("election_lease_events_missed_total", {})) - before, 300 - 256)
        const one = yield* Effect.forkChild(FiberSet.join(asking))
        yield* disk.open
        yield* FiberSet.awaitEmpty(asking)
        yield* Fiber.interrupt(one)
        yield* node.offer({ _tag: "Received", from: "a", message: bid(1) })
        assert.strictEqual((yield* counted("election_lease_events_missed_total", {})) - before, 300 - 256)
      })
  )
})
