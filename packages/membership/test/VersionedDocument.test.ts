import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"

import { Heartbeats, PeerCalls, VersionedDocument, type VersionedDocumentOptions } from "../src/index.ts"
import { addressOf, startCluster, startMember, type TestMember } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

const Settings = Schema.Struct({ mode: Schema.String, weights: Schema.Record(Schema.String, Schema.Finite) })

const settings = (mode: string) => ({ mode, weights: { a: 1, b: 2 } })

type Options = Partial<VersionedDocumentOptions<typeof Settings.Type>>

const documentOn = (member: TestMember, options: Options = {}) =>
  VersionedDocument.make({
    name: "settings",
    schema: Settings,
    initial: { value: settings("initial"), version: 0 },
    ...options
  }).pipe(
    Effect.provideService(Heartbeats, member.heartbeats),
    Effect.provideService(PeerCalls, member.calls)
  )

/** What a stream emits from now on. */
const record = <A>(stream: Stream.Stream<A>) =>
  Effect.gen(function* () {
    const seen: Array<A> = []
    yield* stream.pipe(
      Stream.runForEach((event) => Effect.sync(() => seen.push(event))),
      Effect.forkScoped({ startImmediately: true })
    )
    return seen
  })

describe("spreading", () => {
  it.effect("a version written on one node reaches the others, each observing it once", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b", "c"])
        const a = yield* documentOn(members.a)
        const b = yield* documentOn(members.b)
        const c = yield* documentOn(members.c)
        const seen = yield* Effect.forEach([a, b, c], ({ changes }) => record(changes))
        yield* TestClock.adjust("2 seconds")
        yield* a.replace(settings("new"), 1)
        yield* TestClock.adjust("10 seconds")
        for (const { current } of [a, b, c]) {
          const { value, version } = yield* current
          assert.deepStrictEqual({ value, version }, { value: settings("new"), version: 1 })
        }
        assert.deepStrictEqual(
          seen.map((versions) => versions.map(({ version }) => version)),
          [[1], [1], [1]]
        )
      })
    )
  )

  it.effect("a higher version wins over a lower one written elsewhere; the lower is never pulled", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const a = yield* documentOn(members.a, { initial: { value: settings("old"), version: 3 } })
        const b = yield* documentOn(members.b, { initial: { value: settings("newer"), version: 7 } })
        const changesOfB = yield* record(b.changes)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* a.current).value.mode, "newer")
        assert.deepStrictEqual(changesOfB, [])
        assert.strictEqual(yield* metric("document_pull_iterations_total"), 1)
      })
    )
  )

  it.effect("equal versions with equal content are silent", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const a = yield* documentOn(members.a)
        const b = yield* documentOn(members.b, {
          initial: { value: { weights: { b: 2, a: 1 }, mode: "initial" }, version: 0 }
        })
        const seen = yield* Effect.forEach([a.changes, b.changes, a.divergences], (stream) =>
          record<unknown>(stream)
        )
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(seen, [[], [], []])
        assert.strictEqual(yield* metric("document_pull_iterations_total"), 0)
      })
    )
  )

  it.effect("a newer peer whose address is unknown is not pulled from, until it is learned", () =>
    isolated(
      Effect.gen(function* () {
        const { network, members } = yield* startCluster(["b"])
        const a = yield* startMember(network, { cluster: "test", self: "a", peers: [{ id: "b" }] })
        yield* members.b.kill
        const copy = yield* documentOn(a)
        const anonymous = { cluster: "test", self: "b", peers: [{ id: "a", address: addressOf("a") }] }
        const b = yield* startMember(network, anonymous)
        yield* documentOn(b, { initial: { value: settings("newer"), version: 7 } })
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* copy.current).version, 0)
        assert.strictEqual(yield* metric("document_pull_iterations_total"), 0)
        yield* b.kill
        const known = yield* startMember(network, { ...anonymous, advertise: addressOf("b") })
        yield* documentOn(known, { initial: { value: settings("newer"), version: 7 } })
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* copy.current).version, 7)
      })
    )
  )

  it.effect("a slow pull holds up neither beats nor a second peer, and runs once per peer at a time", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b", "c"])
        let asked = 0
        const never = Effect.suspend(() => (asked++, Effect.never))
        yield* members.b.calls.answer("document:settings", () => never)
        yield* members.b.heartbeats.ride(claiming({ version: 9, digest: "0".repeat(64) }))
        const a = yield* documentOn(members.a)
        yield* documentOn(members.c, { initial: { value: settings("newer"), version: 7 } })
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* a.current).version, 7)
        assert.strictEqual(asked, 2, "once by a and once by c")
        yield* TestClock.adjust("5 seconds")
        assert.isAtLeast(yield* metric("document_pull_errors_total", { kind: "timeout" }), 1)
        const [, b] = yield* members.a.membership.members
        assert.strictEqual(b?.state, "alive")
      })
    )
  )

  it.effect("when many peers are ahead, two are pulled from and the rest no longer needed", () =>
    isolated(
      Effect.gen(function* () {
        const { network, members } = yield* startCluster(["a", "b", "c", "d", "e"])
        for (const member of [members.b, members.c, members.d, members.e]) {
          yield* documentOn(member, { initial: { value: settings("newer"), version: 7 } })
        }
        for (const id of ["b", "c", "d", "e"])
          yield* network.delay(addressOf(id), addressOf("a"), "100 millis")
        let pulls = 0
        const call: PeerCalls["Service"]["call"] = (peer, question) =>
          Effect.suspend(() => (pulls++, members.a.calls.call(peer, question)))
        const a = yield* documentOn({ ...members.a, calls: { ...members.a.calls, call } })
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* a.current).version, 7)
        assert.strictEqual(pulls, 2)
      })
    )
  )
})

describe("divergence", () => {
  it.effect(
    "equal versions with different content are reported once on both sides, and adopted by neither",
    () =>
      isolated(
        Effect.gen(function* () {
          const { members } = yield* startCluster(["a", "b"])
          const a = yield* documentOn(members.a, { initial: { value: settings("left"), version: 4 } })
          const b = yield* documentOn(members.b, { initial: { value: settings("right"), version: 4 } })
          const [atA, atB] = [yield* record(a.divergences), yield* record(b.divergences)]
          yield* TestClock.adjust("10 seconds")
          const [left, right] = [(yield* a.current).digest, (yield* b.current).digest]
          assert.deepStrictEqual(atA, [{ peer: "b", version: 4, localDigest: left, peerDigest: right }])
          assert.deepStrictEqual(atB, [{ peer: "a", version: 4, localDigest: right, peerDigest: left }])
          assert.strictEqual(yield* metric("document_divergences_total", { document: "settings" }), 2)
          assert.strictEqual((yield* a.current).value.mode, "left")
        })
      )
  )

  it.effect("ends when a higher version is written", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const a = yield* documentOn(members.a, { initial: { value: settings("left"), version: 4 } })
        const b = yield* documentOn(members.b, { initial: { value: settings("right"), version: 4 } })
        yield* TestClock.adjust("2 seconds")
        yield* a.replace(settings("agreed"), 5)
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* b.current, yield* a.current)
      })
    )
  )
})

describe("replace", () => {
  it.effect("refuses a version that is not strictly higher, and a version that is no whole number", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a"])
        const document = yield* documentOn(members.a, { initial: { value: settings("x"), version: 5 } })
        const tagOf = (version: number) =>
          Effect.map(Effect.flip(document.replace(settings("y"), version)), ({ _tag }) => _tag)
        for (const version of [5, 4, 0]) assert.strictEqual(yield* tagOf(version), "VersionNotNewer")
        for (const version of [5.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
          assert.strictEqual(yield* tagOf(version), "DocumentInvalid")
        }
        const error = yield* Effect.flip(document.replace(settings("y"), 5))
        assert.strictEqual(error.message, "document settings is at version 5; the next one is higher, not 5")
        assert.strictEqual((yield* document.current).value.mode, "x")
      })
    )
  )

  it.effect("refuses a value beyond the bound, or outside the schema", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a"])
        const document = yield* documentOn(members.a, { bytesMax: 100 })
        const large = yield* Effect.flip(document.replace(settings("x".repeat(100)), 1))
        assert.strictEqual(large._tag, "DocumentTooLarge")
        assert.include(large.message, "at most 100 fit")
        const invalid = yield* Effect.flip(document.replace({ mode: "x", weights: { a: Number.NaN } }, 1))
        assert.strictEqual(invalid._tag, "DocumentInvalid")
      })
    )
  )

  it.effect("carries a document of the full default size of 1 MiB", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        const a = yield* documentOn(members.a)
        const b = yield* documentOn(members.b)
        const empty = JSON.stringify(settings("")).length
        yield* a.replace(settings("x".repeat(1_048_576 - empty)), 1)
        const error = yield* Effect.flip(a.replace(settings("x".repeat(1_048_577 - empty)), 2))
        assert.strictEqual(error._tag, "DocumentTooLarge")
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* b.current).version, 1)
      })
    )
  )
})

describe("bad peers", () => {
  const contents = {
    "no object": "garbage",
    "a wrong digest": { version: 9, digest: "0".repeat(64), value: settings("forged") },
    "a value outside the schema": { version: 9, digest: "0".repeat(64), value: { mode: 7 } }
  }
  for (const [what, content] of Object.entries(contents)) {
    it.effect(`${what} is counted and not adopted`, () =>
      isolated(
        Effect.gen(function* () {
          const { members } = yield* startCluster(["a", "b"])
          yield* members.b.calls.answer("document:settings", () => Effect.succeed(content))
          yield* members.b.heartbeats.ride(claiming({ version: 9, digest: "0".repeat(64) }))
          const a = yield* documentOn(members.a)
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual((yield* a.current).version, 0)
          assert.isAbove(yield* metric("document_pull_errors_total", { kind: "DocumentInvalid" }), 0)
        })
      )
    )
  }

  it.effect("a revision that cannot be read is counted and ignored", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* members.b.heartbeats.ride(claiming({ version: -1, digest: "x" }))
        yield* documentOn(members.a)
        yield* TestClock.adjust("3 seconds")
        assert.isAbove(yield* metric("document_bad_revisions_total"), 0)
        assert.strictEqual(yield* metric("document_pull_iterations_total"), 0)
      })
    )
  )

  it.effect("a copy larger than the bound is cut off while it is read", () =>
    isolated(
      Effect.gen(function* () {
        const { members } = yield* startCluster(["a", "b"])
        yield* documentOn(members.b, { initial: { value: settings("x".repeat(50_000)), version: 2 } })
        const a = yield* documentOn(members.a, { bytesMax: 10_000 })
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* a.current).version, 0)
        assert.isAbove(yield* metric("document_pull_errors_total", { kind: "too_large" }), 0)
      })
    )
  )
})

/** A rider that claims a revision of the document without holding one. */
const claiming = (payload: Schema.Json) => ({
  name: "document:settings",
  request: () => Effect.succeed(payload),
  onTick: Effect.void,
  onBeat: () => Effect.succeed(payload),
  onReply: () => Effect.void
})
