import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"

import { SwimMembership, type SwimNotice, type SwimOptionsInput } from "../src/index.ts"
import { makeSwimMemoryNetwork, type SwimMemoryNetwork } from "../src/testing/index.ts"
import { isolated } from "./support/isolated.ts"
import { jumpingClock } from "./support/jumpingClock.ts"
import { metric } from "./support/metric.ts"
import { keyOf } from "./support/sealing.ts"
import { startSwimMember, statesOf, type SwimMember } from "./support/swimCluster.ts"

const addressOf = (id: string) => `memory://${id}`

/** Members that have joined through the first, and see each other. */
const startCluster = Effect.fnUntraced(function* <const Id extends string>(
  network: SwimMemoryNetwork,
  ids: ReadonlyArray<Id>
) {
  const members = {} as Record<Id, SwimMember>
  for (const self of ids) {
    const seeds = self === ids[0] ? [] : [addressOf(ids[0] ?? "")]
    members[self] = yield* startSwimMember(network.layer(addressOf(self)), { self, seeds })
    yield* TestClock.adjust("1 second")
  }
  const everybody = Object.fromEntries(ids.map((id) => [id, "alive"]))
  for (const self of ids) assert.deepStrictEqual(yield* statesOf(members[self]), everybody)
  return members
})

/** Changes of others that a member tells from now on, as text. */
const record = Effect.fnUntraced(function* ({ membership }: SwimMember) {
  const seen: Array<string> = []
  yield* membership.changes.pipe(
    Stream.runForEach(({ member, previous, reason }) =>
      Effect.sync(() => seen.push(`${member.id} ${previous} > ${member.state}: ${reason}`))
    ),
    Effect.forkScoped({ startImmediately: true })
  )
  return seen
})

/** The notices of a kind that a member tells from now on. */
const noticesOf = Effect.fnUntraced(function* <const Tag extends SwimNotice["_tag"]>(
  { swim }: SwimMember,
  tag: Tag
) {
  const told: Array<Extract<SwimNotice, { readonly _tag: Tag }>> = []
  const isWanted = (notice: SwimNotice): notice is (typeof told)[number] => notice._tag === tag
  yield* swim.notices.pipe(
    Stream.runForEach((notice) => Effect.sync(() => isWanted(notice) && told.push(notice))),
    Effect.forkScoped({ startImmediately: true })
  )
  return Effect.sync(() => told)
})

/** Lets virtual time pass in small steps, as it does for processes that do not stand still. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds * 20 }), () => TestClock.adjust("50 millis"), { discard: true })

const onNetwork = <A, E, R>(test: (network: SwimMemoryNetwork) => Effect.Effect<A, E, R>) =>
  isolated(Effect.flatMap(makeSwimMemoryNetwork, test))

describe("SwimMembership", () => {
  it.effect("finds a killed member dead, with the reason, and takes it back as a new run", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, c } = yield* startCluster(network, ["a", "b", "c"])
        const seen = yield* record(a)
        yield* c.kill
        yield* pass(8)
        assert.deepStrictEqual(yield* statesOf(a), { a: "alive", b: "alive", c: "dead" })
        assert.match(
          seen[0] ?? "",
          /^c alive > suspect: suspected by [ab]: direct, 1 indirect probe and a stream probe failed, 1 of 1 helpers heard nothing either$/
        )
        assert.match(seen[1] ?? "", /^c suspect > dead: given up by [ab], 0 other members agreed: /)
        const explanation = yield* a.swim.explain("c")
        assert.strictEqual(explanation?.state, "dead")
        yield* startSwimMember(network.layer(addressOf("c")), { self: "c", seeds: [addressOf("a")] })
        yield* pass(1)
        assert.match(seen[2] ?? "", /^c dead > alive: came back as a new process, generation \d+$/)
        assert.strictEqual((yield* a.swim.health).score, 0)
      })
    )
  )

  it.effect("bears the loss of a tenth of all packets without a false death", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a } = yield* startCluster(network, ["a", "b", "c", "d"])
        const seen = yield* record(a)
        network.lose(0.1)
        network.delay("5 millis")
        yield* pass(60)
        assert.deepStrictEqual(
          seen.filter((change) => change.includes("> dead")),
          []
        )
        assert.isAbove(yield* metric("swim_probes_total"), 60)
      })
    )
  )

  it.effect("halves that were parted see each other dead, and alive again once the network is whole", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const members = yield* startCluster(network, ["a", "b", "c", "d"])
        network.part(["a", "b"].map(addressOf), ["c", "d"].map(addressOf))
        yield* pass(30)
        assert.deepStrictEqual(yield* statesOf(members.a), { a: "alive", b: "alive", c: "dead", d: "dead" })
        network.heal()
        yield* pass(65)
        for (const member of Object.values(members)) {
          assert.deepStrictEqual(yield* statesOf(member), { a: "alive", b: "alive", c: "alive", d: "alive" })
        }
      })
    )
  )

  it.effect("time in which this process stood still is nobody's silence", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        yield* startCluster(network, ["a", "b"])
        const { clock, jump } = yield* jumpingClock
        const late = yield* startSwimMember(network.layer(addressOf("late")), {
          self: "late",
          seeds: [addressOf("a")]
        }).pipe(Effect.provideService(Clock.Clock, clock))
        yield* pass(3)
        const seen = yield* record(late)
        const stalled = yield* late.swim.notices.pipe(
          Stream.filter(({ _tag }) => _tag === "Stalled"),
          Stream.take(1),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        const stallsBefore = yield* metric("swim_stalls_total")
        jump(8000)
        // The metrics are brought up to date every 5 s.
        yield* pass(10)
        const [notice] = yield* Fiber.join(stalled)
        assert(notice?._tag === "Stalled")
        assert.isAbove(notice.millis, 7500)
        assert.deepStrictEqual(seen, [])
        assert.strictEqual(yield* metric("swim_stalls_total"), stallsBefore + 1)
      })
    )
  )

  it.effect("tells broadcasts to every other member once, and refuses what cannot be sent", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b, c } = yield* startCluster(network, ["a", "b", "c"])
        const heard = yield* Effect.forEach([b, c], ({ swim }) =>
          swim.events.pipe(Stream.take(2), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
        )
        yield* a.swim.broadcast("deploy", Uint8Array.of(1, 2))
        yield* a.swim.broadcast("reload", new Uint8Array(0))
        yield* pass(2)
        for (const fiber of heard) {
          const events = yield* Fiber.join(fiber)
          assert.deepStrictEqual(events.map(({ from, name }) => `${from} ${name}`).toSorted(), [
            "a deploy",
            "a reload"
          ])
        }
        const reasonOf = (name: string, bytes: number) =>
          Effect.map(Effect.flip(a.swim.broadcast(name, new Uint8Array(bytes))), ({ reason }) => reason)
        assert.strictEqual(yield* reasonOf("big", 1400), "too_large")
        assert.strictEqual(yield* reasonOf("", 1), "bad_name")
        assert.strictEqual(yield* reasonOf("x".repeat(129), 1), "bad_name")
        const flood = Effect.forEach(Array.from({ length: 600 }), (_, index) =>
          a.swim.broadcast(`n${index}`, new Uint8Array(10))
        )
        assert.strictEqual((yield* Effect.flip(flood)).reason, "queue_full")
      })
    )
  )

  it.effect("shows its loop as running while one node of the process runs, and counts every turn", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startCluster(network, ["a", "b"])
        // Less than the 5 s after which metrics are brought up to date.
        yield* pass(2)
        const isUp = metric("swim_loop_up")
        const turns = metric("swim_loop_iterations_total")
        const turnsBefore = yield* turns
        yield* b.kill
        assert.strictEqual(yield* isUp, 1)
        assert.isAbove(yield* turns, turnsBefore + 5, "what was not counted yet is when it stops")
        yield* a.kill
        assert.strictEqual(yield* isUp, 0)
      })
    )
  )

  it.effect("declares only the dead left", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b, c } = yield* startCluster(network, ["a", "b", "c"])
        assert.strictEqual((yield* Effect.flip(a.swim.forceLeave("c"))).state, "alive")
        assert.strictEqual((yield* Effect.flip(a.swim.forceLeave("nobody"))).state, "unknown")
        yield* c.kill
        yield* pass(8)
        yield* a.swim.forceLeave("c")
        yield* pass(1)
        assert.deepStrictEqual(yield* statesOf(b), { a: "alive", b: "alive", c: "left" })
      })
    )
  )

  it.effect("a name that a living process holds is refused to another", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startCluster(network, ["a", "b"])
        const thief = yield* startSwimMember(network.layer(addressOf("thief")), { self: "b" })
        const error = yield* Effect.flip(thief.membership.join([addressOf("a")])).pipe(
          Effect.forkChild({ startImmediately: true })
        )
        yield* pass(3)
        assert.match((yield* Fiber.join(error)).message, /b is alive at memory:\/\/b as generation/)
        assert.strictEqual((yield* thief.swim.health).phase, "superseded")
        assert.deepStrictEqual(yield* statesOf(a), { a: "alive", b: "alive" })
        assert.deepStrictEqual(yield* statesOf(b), { a: "alive", b: "alive" })
      })
    )
  )

  it.effect("keys turn without a lost member, and a stranger's packets are counted", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const members = yield* startCluster(network, ["a", "b", "c"])
        const all = Object.values(members)
        const seen = yield* record(members.a)
        const turn = (name: string, order: "install" | "use" | "remove") =>
          Effect.forEach(all, ({ swim: { keyring } }) =>
            Effect.gen(function* () {
              assert(keyring !== undefined)
              assert.hasAllKeys(keyring, ["install", "use", "remove", "list"], "no key is given away")
              const keyId = yield* keyring.install(keyOf(name))
              if (order !== "install") yield* keyring[order](keyId)
              yield* pass(1)
            })
          )
        yield* turn("two", "install")
        yield* turn("two", "use")
        yield* turn("one", "remove")
        yield* pass(10)
        assert.deepStrictEqual(seen, [])
        const late = yield* startSwimMember(network.layer(addressOf("late")), { self: "late" })
        const seeds = [addressOf("a"), addressOf("silent")]
        network.cut(addressOf("late"), addressOf("silent"))
        const failed = yield* Effect.forkChild(Effect.flip(late.membership.join(seeds)), {
          startImmediately: true
        })
        assert.strictEqual((yield* late.swim.health).lastJoin, undefined)
        yield* pass(11)
        assert.match((yield* Fiber.join(failed)).message, /refused: unknown_key/)
        assert.strictEqual((yield* late.swim.health).lastJoin, "refused", "although one seed was only silent")
        assert.isAbove(yield* metric("swim_refused_total", { reason: "unknown_key" }), 0)
      })
    )
  )

  it.effect("tells on both sides who is not let in, from where and why, once a minute", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a } = yield* startCluster(network, ["a", "b"])
        const refused = yield* noticesOf(a, "PeerRefused")
        const start = (self: string, options: Partial<SwimOptionsInput>) =>
          startSwimMember(network.layer(addressOf(self)), { self, seeds: [addressOf("a")], ...options })
        const late = yield* start("late", { keys: [keyOf("old")] })
        const failed = yield* noticesOf(late, "JoinFailed")
        yield* start("alien", { cluster: "another" })
        yield* start("plain", { plaintext: true })
        yield* pass(30)
        const told = (yield* refused).map(({ address, id, reason }) => `${id} ${address} ${reason}`)
        assert.deepStrictEqual(told.toSorted(), [
          "alien memory://alien label",
          "late memory://late unknown_key",
          "plain memory://plain mode"
        ])
        assert.deepStrictEqual(
          (yield* failed).map(({ detail, reason }) => `${reason}: ${detail}`),
          ["refused: memory://a: the other side refused: unknown_key"],
          "it has tried more than once"
        )
        yield* pass(60)
        assert.lengthOf(yield* refused, 6)
        assert.isAbove(yield* metric("swim_refused_total", { reason: "unknown_key" }), 6)
      })
    )
  )

  it.effect("tells whom it has no room for", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const a = yield* startSwimMember(network.layer(addressOf("a")), {
          self: "a",
          settings: { membersMax: 1 }
        })
        const refused = yield* noticesOf(a, "PeerRefused")
        const b = yield* startSwimMember(network.layer(addressOf("b")), { self: "b" })
        const failed = yield* Effect.forkChild(Effect.flip(b.membership.join([addressOf("a")])))
        yield* pass(1)
        assert.match((yield* Fiber.join(failed)).message, /memory:\/\/a does no push\/pull: full$/)
        const [told] = yield* refused
        assert.deepInclude(told, { id: "b", address: "memory://b", reason: "full" })
        assert.match(told?.detail ?? "", /^there is room for 1 members/)
      })
    )
  )

  it.effect("goes on looking for its seeds until somebody is there", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const early = yield* startSwimMember(network.layer(addressOf("early")), {
          self: "early",
          seeds: [addressOf("late")]
        })
        yield* pass(10)
        yield* startSwimMember(network.layer(addressOf("late")), { self: "late" })
        yield* pass(20)
        assert.deepStrictEqual(yield* statesOf(early), { early: "alive", late: "alive" })
      })
    )
  )

  it.effect("does not come back by itself when it left while it looked for its seeds", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const lone = yield* startSwimMember(network.layer(addressOf("lone")), {
          self: "lone",
          seeds: [addressOf("nobody")]
        })
        const ownGeneration = Effect.map(lone.swim.explain("lone"), (own) => own?.generation)
        yield* pass(0.5)
        assert.strictEqual((yield* lone.swim.health).lastJoin, "no_answer", "it waits for its next try")
        const generation = yield* ownGeneration
        yield* Effect.forkChild(lone.membership.leave)
        yield* pass(10)
        assert.strictEqual((yield* lone.swim.health).phase, "left")
        assert.strictEqual(yield* ownGeneration, generation)
      })
    )
  )

  it.effect(
    "is newer after a restart although the wall clock went back, when its generation is on disk",
    () =>
      onNetwork((network) =>
        Effect.gen(function* () {
          const folder = yield* Effect.acquireRelease(
            Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-swim-"))),
            (path) => Effect.sync(() => rmSync(path, { recursive: true }))
          )
          const generationFile = join(folder, "generation")
          const start = startSwimMember(network.layer(addressOf("a")), { self: "a", generationFile })
          yield* TestClock.setTime(5000)
          const first = yield* start
          assert.strictEqual(readFileSync(generationFile, "utf8"), "5000\n")
          yield* first.kill
          const second = yield* start
          assert.strictEqual(readFileSync(generationFile, "utf8"), "5001\n")
          yield* second.kill
          writeFileSync(generationFile, "soon")
          const error = yield* Effect.flip(start)
          assert.match(error.message, /it must hold one whole number/)
        })
      )
  )
})

describe("changes of SwimMembership", () => {
  it.effect("name a new process under a name that is still held alive", () =>
    onNetwork((network) =>
      Effect.gen(function* () {
        const { a, b } = yield* startCluster(network, ["a", "b", "c"])
        const told = yield* a.membership.changes.pipe(
          Stream.take(1),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        yield* b.kill
        yield* startSwimMember(network.layer(addressOf("b")), { self: "b", seeds: [addressOf("c")] })
        yield* pass(3)
        const [change] = yield* Fiber.join(told)
        assert.deepInclude(change, { kind: "restarted", previous: "alive" })
        assert.deepInclude(change?.member, { id: "b", state: "alive" })
      })
    )
  )
})

describe("options of SwimMembership", () => {
  const transport = Layer.unwrap(
    Effect.map(makeSwimMemoryNetwork, (network) => network.layer(addressOf("a")))
  )
  const base = { cluster: "test", self: "a" }
  const cases: ReadonlyArray<readonly [string, Parameters<typeof SwimMembership.layer>[0], RegExp]> = [
    ["no keys", base, /keys are needed; `plaintext: true`/],
    ["keys and plaintext", { ...base, keys: [keyOf("one")], plaintext: true }, /exclude each other/],
    [
      "a short key",
      { ...base, keys: [Redacted.make("AAAA")] },
      /key 0 of the key ring refused: .*32 random bytes/
    ],
    [
      "settings that contradict each other",
      { ...base, plaintext: true, settings: { probeTimeoutMillis: 1000 } },
      /probeTimeoutMillis must be less than probeIntervalMillis/
    ],
    [
      "a negative time",
      { ...base, plaintext: true, settings: { gossipIntervalMillis: -1 } },
      /gossipIntervalMillis/
    ],
    [
      "labels that fill more than a packet",
      {
        ...base,
        plaintext: true,
        settings: { packetBytesMax: 512 },
        metadata: { one: "x".repeat(256), two: "x".repeat(256) }
      },
      /need \d+ bytes of a packet, which has room for \d+/
    ],
    ["too many seeds", { ...base, plaintext: true, seeds: Array.from({ length: 17 }, () => "a:1") }, /16/]
  ]
  for (const [name, options, expected] of cases) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          Effect.scoped(Layer.build(SwimMembership.layer(options).pipe(Layer.provide(transport))))
        )
        assert.strictEqual(error._tag, "SwimOptionsInvalid")
        assert.match(error.message, expected)
      })
    )
  }
})
