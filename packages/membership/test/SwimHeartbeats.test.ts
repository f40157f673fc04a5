import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Layer, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"

import { callParts } from "../src/core/swimWire/streamCodec.ts"
import {
  type HeartbeatRider,
  Heartbeats,
  Membership,
  PeerCalls,
  Swim,
  SwimHeartbeats,
  SwimMembership,
  VersionedDocument
} from "../src/index.ts"
import { openStream } from "../src/swim/streamSeal.ts"
import { makeSwimMemoryNetwork, type SwimMemoryNetwork } from "../src/testing/index.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"
import { keyOf, sealing } from "./support/sealing.ts"

const voters = ["a", "b", "c"]

/** Lets virtual time pass in small steps, as it does for processes that do not stand still. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds * 20 }), () => TestClock.adjust("50 millis"), { discard: true })

type Services = Context.Context<Heartbeats | Membership | PeerCalls | Swim>

const start = (network: SwimMemoryNetwork, self: string): Effect.Effect<Services, unknown, Scope.Scope> =>
  Layer.build(
    SwimHeartbeats.layer({ voters }).pipe(
      Layer.provideMerge(SwimMembership.layer({ cluster: "test", self, keys: [keyOf("one")], seeds: ["a"] })),
      Layer.provide(network.layer(self))
    )
  )

/** Members that see each other, on links of 10 ms. */
const startAll = Effect.fnUntraced(function* <const Id extends string>(
  network: SwimMemoryNetwork,
  ids: ReadonlyArray<Id>
) {
  network.delay("10 millis")
  const members = {} as Record<Id, Services>
  for (const id of ids) {
    members[id] = yield* start(network, id)
    yield* pass(1)
  }
  for (const id of ids) assert.strictEqual(yield* Context.get(members[id], Swim).size, ids.length, id)
  return members
})

const ride = (member: Services, rider: HeartbeatRider) => Context.get(member, Heartbeats).ride(rider)

/** Notes what it is called for; says its own name to the peers of `speaks`. */
const noting = (own: string, log: Array<string>, more: Partial<HeartbeatRider> = {}): HeartbeatRider => ({
  name: "noting",
  request: (peer) => Effect.as(note(log, `${own} asks ${peer}`), own),
  onTick: note(log, `${own} ticks`),
  onBeat: (from, payload) => Effect.as(note(log, `${own} hears ${from}: ${JSON.stringify(payload)}`), own),
  onReply: (from, payload) => note(log, `${own} is answered by ${from}: ${JSON.stringify(payload)}`),
  ...more
})

/** Who heard whom, in two letters. */
const contacts = (log: ReadonlyArray<string>) =>
  [...new Set(log.flatMap((line) => /^(.) hears (.)/.exec(line)?.slice(1).join("") ?? []))].toSorted()

const note = (log: Array<string>, line: string) => Effect.sync(() => void log.push(line))

const onNetwork = <A, E, R>(test: (network: SwimMemoryNetwork) => Effect.Effect<A, E, R>) =>
  isolated(Effect.flatMap(makeSwimMemoryNetwork, test))

/** A member with these heartbeats. */
const alone = (network: SwimMemoryNetwork, options: Parameters<typeof SwimHeartbeats.layer>[0]) =>
  SwimHeartbeats.layer(options).pipe(
    Layer.provide(SwimMembership.layer({ cluster: "test", self: "a", plaintext: true })),
    Layer.provide(network.layer("a"))
  )

describe("beats over SWIM", () => {
  it.effect("call riders in the order request, onTick, onBeat there and onReply here", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b"])
        const log: Array<string> = []
        yield* ride(a, noting("a", log))
        yield* ride(b, noting("b", log, { request: () => Effect.undefined, onTick: Effect.void }))
        yield* pass(1.1)
        assert.deepStrictEqual(log, [
          "a asks b",
          "a asks c",
          "a ticks",
          'b hears a: "a"',
          'a is answered by b: "b"'
        ])
      })
    )
  )

  it.effect("tick before any answer counts, however long that takes", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b"])
        const log: Array<string> = []
        const slow = Effect.andThen(Effect.sleep("300 millis"), note(log, "a ticks"))
        yield* ride(a, noting("a", log, { onTick: slow }))
        yield* ride(b, noting("b", []))
        yield* pass(1)
        const answered = log.findIndex((line) => line.includes("answered"))
        assert.isBelow(log.indexOf("a ticks"), answered === -1 ? Infinity : answered)
        yield* pass(1)
        assert.include(log, 'a is answered by b: "b"')
      })
    )
  )

  it.effect("are not sent when nobody has anything to say", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b"])
        const log: Array<string> = []
        yield* ride(a, noting("a", [], { request: () => Effect.undefined }))
        yield* ride(b, noting("b", log, { request: () => Effect.undefined, onTick: Effect.void }))
        yield* pass(5)
        assert.deepStrictEqual(log, [])
      })
    )
  )

  it.effect("of elections stay among the voters, those of others reach all, a voter or not", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const members = yield* startAll(network, ["a", "b", "c", "d", "e"])
        const elections: Array<string> = []
        const others: Array<string> = []
        for (const [id, member] of Object.entries(members)) {
          yield* ride(member, noting(id, elections))
          yield* ride(member, noting(id, others, { name: "document", audience: "everybody" }))
          const { configured, self } = Context.get(member, Heartbeats)
          assert.deepStrictEqual([self, configured], [id, voters])
        }
        yield* pass(10)
        assert.deepStrictEqual(contacts(elections), ["ab", "ac", "ba", "bc", "ca", "cb"])
        assert.includeMembers(contacts(others), ["ad", "ae", "bd", "cd", "da", "de", "ea", "ed"])
        assert.strictEqual(yield* metric("heartbeat_unclaimed_payloads_total"), 0)
      })
    )
  )

  it.effect("to a silent peer end before the next round, and delay nobody else's", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b", "c"])
        network.part(["a"], ["c"])
        const log: Array<string> = []
        yield* ride(a, noting("a", log))
        yield* ride(b, noting("b", []))
        yield* pass(10.5)
        const times = (line: string) => log.filter((entry) => entry === line).length
        assert.deepStrictEqual([times("a asks c"), times('a is answered by b: "b"')], [10, 10])
        assert.strictEqual(yield* metric("heartbeat_loop_errors_total", { kind: "overlap" }), 0)
        assert.isAtLeast(yield* metric("heartbeat_loop_errors_total", { kind: "timeout" }), 9)
      })
    )
  )

  it.effect("between voters that were parted make them see each other alive within two rounds", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b"])
        yield* ride(a, noting("a", []))
        yield* ride(b, noting("b", []))
        const stateOfA = Effect.map(
          Context.get(b, Membership).members,
          (members) => members.find(({ id }) => id === "a")?.state
        )
        network.part(["a"], ["b"])
        // Long enough that gossip does not go to the dead any more.
        yield* pass(45)
        assert.strictEqual(yield* stateOfA, "dead")
        network.heal()
        yield* pass(2)
        assert.strictEqual(yield* stateOfA, "alive")
      })
    )
  )

  it.effect("stop when the node leaves", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a } = yield* startAll(network, ["a", "b"])
        const log: Array<string> = []
        yield* ride(a, noting("a", log, { onTick: Effect.void }))
        yield* Effect.forkScoped(Context.get(a, Membership).leave)
        yield* pass(5)
        assert.deepStrictEqual(log, [])
      })
    )
  )

  it.effect("that make no sense are refused and counted, and harm nobody", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startAll(network, ["a", "b"])
        const beat = (payload: Schema.Json) =>
          Effect.forkScoped(
            Context.get(a, PeerCalls).call("b", { name: "beat", payload, timeout: "1 second" })
          )
        const log: Array<string> = []
        yield* ride(b, noting("b", log, { request: () => Effect.undefined, onTick: Effect.void }))
        for (const payload of [7, { "Bad Name": 1 }, Object.fromEntries(names(33)), { unknown: 1 }]) {
          yield* beat(payload)
        }
        yield* pass(1)
        assert.strictEqual(yield* metric("heartbeat_refused_total", { reason: "malformed" }), 3)
        assert.deepStrictEqual(log, ["b hears a: undefined"])
      })
    )
  )

  it.effect("need options that make sense", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const ten = Array.from({ length: 10 }, (_, index) => `n${index}`)
        const wrong = {
          "at most 9": { voters: ten },
          "at least 1": { voters: [] },
          "voter a is listed twice": { voters: ["a", "b", "a"] },
          "interval must be between": { voters, interval: Duration.millis(1) },
          "deadAfter must be longer": { voters, deadAfter: Duration.seconds(1) }
        } as const
        for (const [part, options] of Object.entries(wrong)) {
          const error = yield* Effect.flip(Effect.scoped(Layer.build(alone(network, options))))
          assert.strictEqual(error._tag, "SwimHeartbeatsInvalid")
          assert.include(error.message, part)
        }
      })
    )
  )
})

const names = (count: number) => Array.from({ length: count }, (_, index) => [`r${index}`, 0] as const)

describe("documents over SWIM", () => {
  it.effect("reach every member, voters or not, whatever their size, with some packets lost", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const ids = [...voters, ...Array.from({ length: 12 }, (_, index) => `n${index}`)]
        const members = Object.values(yield* startAll(network, ids))
        const copies = yield* Effect.forEach(members, (member) =>
          VersionedDocument.make({
            name: "settings",
            schema: Schema.String,
            initial: { value: "", version: 0 }
          }).pipe(Effect.provide(member))
        )
        const writer = copies.at(-1)
        assert.isDefined(writer)
        network.lose(0.05)
        for (const [index, value] of ["short", "x".repeat(300_000)].entries()) {
          yield* writer.replace(value, index + 1)
          yield* pass(20)
          for (const { current } of copies) assert.strictEqual((yield* current).value, value)
        }
      })
    )
  )
})

describe("a member of the cluster that breaks the rules", () => {
  /** Somebody with the key at an address of its own, and what it says to `a` over a stream. */
  const saying = Effect.fnUntraced(function* (network: SwimMemoryNetwork, id: string, payloadBytes: number) {
    const endpoint = yield* network.endpoint("elsewhere")
    const { trust } = sealing()
    const end = openStream(trust, { id, generation: 1 })
    const stream = endpoint.connect("a", { onBytes: () => undefined, onClosed: () => undefined })
    const reply = { _tag: "Reply", id: 5, payload: new Uint8Array(payloadBytes) } as const
    for (const part of callParts(reply)) stream.write(end.seal(part))
    yield* pass(1)
  })

  it.effect(
    "cannot send an answer that nobody waits for, nor keep one waiting beyond a question's size",
    () =>
      onNetwork((network) =>
        Effect.gen(function* () {
          yield* startAll(network, ["a", "b"])
          yield* Effect.scoped(saying(network, "b", 60_000))
          assert.strictEqual(yield* metric("swim_stray_replies_total"), 1)
          yield* Effect.scoped(saying(network, "b", 200_000))
          assert.strictEqual(yield* metric("swim_streams_dropped_total", { fault: "too_long" }), 1)
          assert.strictEqual(yield* metric("swim_stray_replies_total"), 1)
        })
      )
  )

  it.effect("that nobody has seen join gets no answers", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a } = yield* startAll(network, ["a", "b"])
        const handled: Array<string> = []
        yield* Context.get(a, PeerCalls).answer("echo", (from) => Effect.as(note(handled, from), null))
        const endpoint = yield* network.endpoint("elsewhere")
        const target = { id: "a", generation: 1, instanceHash: 1 }
        const { packets } = sealing()
        const call = { id: 1, target, name: "echo", budgetMillis: 1000, replyBytesMax: 10 } as const
        const message = { _tag: "Call", ...call, payload: Buffer.from("1") } as const
        const packet = packets.seal({ id: "z", generation: 1 }, { message, gossip: [] })
        assert.isDefined(packet)
        endpoint.send("a", packet)
        endpoint.send("a", packet)
        yield* pass(1)
        assert.deepStrictEqual(handled, [])
        assert.strictEqual(yield* metric("swim_calls_refused_total"), 1)
        assert.strictEqual(yield* metric("swim_refused_total", { reason: "duplicate" }), 1)
      })
    )
  )
})

it.effect("a name of a call is answered once on a node, beats included", () =>
  onNetwork((network) =>
    Effect.gen(function* () {
      const a = yield* start(network, "a")
      const again = Context.get(a, PeerCalls).answer("beat", () => Effect.succeed(null))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(again))))
    })
  )
)
