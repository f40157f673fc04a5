import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FiberSet } from "effect"
import { TestClock } from "effect/testing"

import type { SyncEntry } from "../../src/core/swim/messages.ts"
import { swimProfiles } from "../../src/core/swim/options.ts"
import { startSwim } from "../../src/core/swim/startSwim.ts"
import { decodeRefusal } from "../../src/core/swimWire/refusal.ts"
import type { StreamMessage } from "../../src/core/swimWire/streamCodec.ts"
import { drawInstance, type Refused } from "../../src/swim/frameTrust.ts"
import { makeInboundStreams } from "../../src/swim/inboundStreams.ts"
import { openStream } from "../../src/swim/streamSeal.ts"
import type { SwimTransport } from "../../src/SwimTransport.ts"
import { makeSwimMemoryNetwork, type SwimMemoryNetwork } from "../../src/testing/index.ts"
import { recordOf, sizes } from "../core/swim/swimWorld.ts"
import { isolated } from "../support/isolated.ts"
import { metric } from "../support/metric.ts"
import { sealing } from "../support/sealing.ts"
import { startSwimMember } from "../support/swimCluster.ts"

/** Most streams that a node holds. */
const streamsMax = 128

/** A stream that somebody opened to the node `a`, and what became of it. */
const openTo = (from: SwimTransport["Service"]) => {
  const seen = { isOpen: true, refusal: undefined as string | undefined }
  const stream = from.connect("a", {
    onBytes: (bytes) => (seen.refusal ??= decodeRefusal(bytes)),
    onClosed: () => (seen.isOpen = false)
  })
  return { seen, stream }
}

const openMany = (from: SwimTransport["Service"], count: number) =>
  Array.from({ length: count }, () => openTo(from).seen)

/** A stream whose opener has proven to hold the key: it asked for a push/pull, and now keeps the other side waiting. */
const openProven = (from: SwimTransport["Service"]) => {
  const { seen, stream } = openTo(from)
  const instance = drawInstance()
  const sender = recordOf("guest", { instance, address: from.address })
  const end = openStream(sealing({ instance }).trust, sender)
  stream.write(end.seal({ _tag: "SyncRequest", sender, joining: false, salt: 1, buckets: [] }))
  return seen
}

/** Lets what was written arrive. */
const settle = TestClock.adjust("10 millis")

const withA = <A, E, R>(test: (network: SwimMemoryNetwork) => Effect.Effect<A, E, R>) =>
  isolated(
    Effect.gen(function* () {
      const network = yield* makeSwimMemoryNetwork
      yield* startSwimMember(network.layer("a"), { self: "a" })
      return yield* test(network)
    })
  )

describe("streams that others open", () => {
  it.effect("let a member in while strangers hold all of them, and end the silent ones after 2 s", () =>
    withA((network) =>
      Effect.gen(function* () {
        const strangers = openMany(yield* network.endpoint("host:1"), streamsMax)
        yield* settle
        const b = yield* startSwimMember(network.layer("b"), { self: "b" })
        const joined = yield* Effect.forkChild(b.membership.join(["a"]), { startImmediately: true })
        yield* settle
        assert.strictEqual(yield* Fiber.join(joined), 1)
        const gone = strangers.filter(({ isOpen }) => !isOpen)
        assert.isNotEmpty(gone)
        for (const { refusal } of gone) assert.strictEqual(refusal, "busy")
        assert.strictEqual(yield* metric("swim_streams_dropped_total", { fault: "too_many" }), gone.length)
        yield* TestClock.adjust("2 seconds")
        assert.lengthOf(
          strangers.filter(({ isOpen }) => isOpen),
          0
        )
        assert.strictEqual(
          yield* metric("swim_streams_dropped_total", { fault: "unproven" }),
          streamsMax - gone.length
        )
      })
    )
  )

  it.effect("of the host with most strangers make room, the oldest first", () =>
    withA((network) =>
      Effect.gen(function* () {
        const few = openMany(yield* network.endpoint("few:1"), 2)
        const manyOne = openMany(yield* network.endpoint("many:1"), streamsMax / 2)
        const manyTwo = openMany(yield* network.endpoint("many:2"), streamsMax / 2 - 2)
        yield* settle
        const late = openMany(yield* network.endpoint("late:1"), 3)
        yield* settle
        for (const { isOpen } of [...few, ...late, ...manyOne.slice(3), ...manyTwo]) assert.isTrue(isOpen)
        assert.deepStrictEqual(
          manyOne.slice(0, 3),
          [1, 2, 3].map(() => ({ isOpen: false, refusal: "busy" }))
        )
      })
    )
  )

  it.effect("are no strangers' once their openers have proven themselves, and keep their time", () =>
    withA((network) =>
      Effect.gen(function* () {
        const guest = yield* network.endpoint("guest:1")
        const proven = Array.from({ length: streamsMax }, () => openProven(guest))
        yield* settle
        const [late] = openMany(yield* network.endpoint("late:1"), 1)
        yield* settle
        assert.deepStrictEqual(late, { isOpen: false, refusal: "busy" })
        yield* TestClock.adjust("12 seconds")
        assert.isTrue(proven.every(({ isOpen }) => isOpen))
        // The time of a stream and that of the closing push.
        yield* TestClock.adjust("500 millis")
        assert.isTrue(proven.every(({ isOpen }) => !isOpen))
        assert.strictEqual(yield* metric("swim_streams_dropped_total", { fault: "too_long" }), streamsMax)
      })
    )
  )

  it.effect("that are too many are no refusal of a join", () =>
    withA((network) =>
      Effect.gen(function* () {
        const guest = yield* network.endpoint("guest:1")
        for (let count = 0; count < streamsMax; count += 1) openProven(guest)
        yield* settle
        const b = yield* startSwimMember(network.layer("b"), { self: "b" })
        const joined = yield* Effect.forkChild(Effect.flip(b.membership.join(["a"])), {
          startImmediately: true
        })
        yield* settle
        assert.strictEqual((yield* Fiber.join(joined)).detail, "a: the other side refused: busy")
        assert.strictEqual((yield* b.swim.health).lastJoin, "no_answer")
      })
    )
  )
})

/** What one node answers to a push/pull, over a stream that says by hand when bytes have left. */
const answering = Effect.gen(function* () {
  const run = yield* FiberSet.makeRuntime()
  const inbound = makeInboundStreams({
    state: startSwim({
      options: swimProfiles.lan,
      self: recordOf("a"),
      sizes,
      nowMillis: 0,
      random: () => 0.5
    }),
    trust: sealing().trust,
    transport: yield* (yield* makeSwimMemoryNetwork).endpoint("a"),
    run,
    turn: () => undefined,
    calls: () => ({ hear: () => undefined, bytesMax: () => 0 }),
    countRefused: () => undefined,
    peerRefused: () => undefined,
    countFault: () => undefined
  })
  const instance = drawInstance()
  const guest = recordOf("guest", { instance })
  const end = openStream(sealing({ instance }).trust, guest)
  const heard: Array<StreamMessage | Refused> = []
  const leaving: Array<() => void> = []
  const visitor = inbound.accept(
    {
      write: (bytes, sent = () => undefined) => {
        const received = end.receive(bytes)
        heard.push(...("_tag" in received ? [received] : received))
        leaving.push(sent)
      },
      end: () => undefined,
      destroy: () => undefined
    },
    "guest:1"
  )
  visitor.onBytes(end.seal({ _tag: "SyncRequest", sender: guest, joining: false, salt: 1, buckets: [] }))
  const answer = (entries: ReadonlyArray<SyncEntry>) =>
    inbound.answerSync({
      _tag: "AnswerSync",
      exchange: 1,
      answer: { _tag: "SyncAnswer", differing: [3, 7], entries }
    })
  /** What the guest has heard when everything that this node does by itself is done, and then lets it leave. */
  const next = Effect.map(Effect.repeat(Effect.yieldNow, { times: 10 }), () => {
    const parts = heard.splice(0)
    for (const sent of leaving.splice(0)) sent()
    return parts
  })
  return { answer, next, onClosed: () => visitor.onClosed("gone") }
})

const entriesOf = (count: number): ReadonlyArray<SyncEntry> =>
  Array.from({ length: count }, (_, index) => ({
    record: recordOf(`m${index}`),
    doubt: undefined,
    ageMillis: 0
  }))

describe("a large answer", () => {
  it.effect("goes out by 500 entries, each when those before have left, in order", () =>
    Effect.gen(function* () {
      const { answer, next } = yield* answering
      const entries = entriesOf(1201)
      answer(entries)
      const heard = [yield* next, yield* next, yield* next, yield* next].map((parts) =>
        parts.map((part) => (part._tag === "SyncAnswer" ? part : assert.fail(part._tag)))
      )
      assert.deepStrictEqual(
        heard.map((parts) => parts.flatMap(({ entries: { length } }) => length)),
        [[500], [500], [201], []]
      )
      const parts = heard.flat()
      assert.deepStrictEqual(
        parts.flatMap((part) => part.entries),
        entries
      )
      assert.deepStrictEqual(
        parts.map(({ differing, last }) => ({ differing, last })),
        [
          { differing: [3, 7], last: false },
          { differing: [], last: false },
          { differing: [], last: true }
        ]
      )
    })
  )

  it.effect("is one part when there is nothing to tell", () =>
    Effect.gen(function* () {
      const { answer, next } = yield* answering
      answer([])
      assert.deepStrictEqual(yield* next, [
        { _tag: "SyncAnswer", differing: [3, 7], entries: [], last: true }
      ])
    })
  )

  it.effect("ends with its stream", () =>
    Effect.gen(function* () {
      const { answer, next, onClosed } = yield* answering
      answer(entriesOf(1201))
      assert.lengthOf(yield* next, 1)
      onClosed()
      assert.lengthOf(yield* next, 0)
      assert.lengthOf(yield* next, 0)
    })
  )
})
