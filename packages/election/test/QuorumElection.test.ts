import { type HeartbeatRider, Heartbeats } from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import {
  Context,
  Duration,
  Deferred,
  Effect,
  Equal,
  Exit,
  Fiber,
  Layer,
  Metric,
  Schema,
  Scope,
  Stream
} from "effect"
import { TestClock } from "effect/testing"

import { electionConfig } from "../src/core/otherConfigs.ts"
import { Election, LeadershipLost, QuorumElection, QuorumElectionOptions } from "../src/index.ts"

/** Heartbeats whose every step the test plays by hand. */
const handDriven = Effect.fnUntraced(function* (self: string, configured: ReadonlyArray<string>) {
  const riders = new Map<string, HeartbeatRider>()
  const heartbeats = Layer.succeed(
    Heartbeats,
    Heartbeats.of({
      self,
      configured,
      intervalMillis: 1_000,
      deadAfterMillis: 4_000,
      ride: (added) =>
        Effect.acquireRelease(
          Effect.sync(() => void riders.set(added.name, added)),
          () => Effect.sync(() => riders.delete(added.name))
        )
    })
  )
  const scope = yield* Scope.fork(yield* Effect.scope)
  const layer = QuorumElection.layer({ masterCooldown: Duration.seconds(10) })
  const context = yield* Layer.buildWithScope(Layer.provide(layer, heartbeats), scope)
  const rider = riders.get("election")
  const configRider = riders.get("election.config")
  if (rider === undefined || configRider === undefined)
    return yield* Effect.die("the election does not ride on heartbeats")
  return { election: Context.get(context, Election), rider, configRider, stop: Scope.close(scope, Exit.void) }
})

const members = ["a", "b", "c"]

/** The value of a metric with these attributes; undefined before its first update. */
const metric = Effect.fnUntraced(function* (id: string, attributes: Record<string, string> = {}) {
  const snapshots = yield* Metric.snapshot
  const found = snapshots.find(
    (snapshot) => snapshot.id === id && Equal.equals(snapshot.attributes ?? {}, attributes)
  )
  if (found?.type === "Counter") return Number(found.state.count)
  if (found?.type === "Gauge") return Number(found.state.value)
  return undefined
})

/** Runs with metrics of its own. */
const measured = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))

describe("QuorumElection", () => {
  it.effect("shows and counts a node with another list of voters, and counts it as alive all the same", () =>
    Effect.gen(function* () {
      const { configRider, election, rider } = yield* handDriven("a", members)
      yield* rider.onBeat("b", undefined)
      for (const from of ["b", "x"]) yield* configRider.onBeat(from, electionConfig(["b", "x"], "quorum"))
      const standings = (yield* election.explain).members.map(({ id, reason }) => `${id} ${reason}`)
      assert.deepStrictEqual(standings, ["a leads", "b otherVoters", "c dead", "x otherVoters"])
      assert.isTrue((yield* election.quorum).present)
      assert.strictEqual(yield* metric("election_other_configs"), 2)
      for (const from of ["b", "x"])
        yield* configRider.onBeat(from, electionConfig(["c", "b", "a"], "quorum"))
      assert.notInclude(
        (yield* election.explain).members.map(({ reason }) => reason),
        "otherVoters"
      )
      assert.strictEqual(yield* metric("election_other_configs"), 0)
    }).pipe(measured)
  )

  it("has the documented defaults", () => {
    const options = QuorumElectionOptions.make({})
    assert.strictEqual(Duration.toSeconds(options.masterCooldown), 120)
    assert.strictEqual(options.mode, "strict")
    assert.deepStrictEqual(Schema.decodeSync(QuorumElectionOptions)({}), options)
    const decoded = Schema.decodeSync(QuorumElectionOptions)({ masterCooldown: "30 seconds", mode: "exact" })
    assert.strictEqual(Duration.toSeconds(decoded.masterCooldown), 30)
  })

  it.effect("a node on its own leads as soon as its layer is built", () =>
    Effect.gen(function* () {
      const { election } = yield* handDriven("a", ["a"])
      assert.isTrue(yield* election.isLeader)
      assert.deepStrictEqual(yield* election.leadership, { leader: "a", term: 1 })
      assert.deepStrictEqual(yield* election.quorum, { alive: 1, needed: 1, present: true })
    })
  )

  it.effect("answers a beat with what it decided on that beat", () =>
    Effect.gen(function* () {
      const { rider } = yield* handDriven("b", members)
      assert.deepStrictEqual(yield* rider.request("a"), { term: 0, leader: null, standby: false })
      assert.deepStrictEqual(yield* rider.onBeat("a", undefined), { term: 1, leader: "a", standby: false })
    })
  )

  it.effect("counts a reply as contact, and decides at the next tick", () =>
    Effect.gen(function* () {
      const { election, rider } = yield* handDriven("b", members)
      yield* rider.onReply("c", undefined)
      assert.isTrue((yield* election.quorum).present)
      assert.isUndefined((yield* election.leadership).leader)
      yield* rider.onTick
      assert.strictEqual((yield* election.leadership).leader, "b")
    })
  )

  it.effect(
    "measures liveness on the monotonic clock and asks for the quorum at the moment of the call",
    () =>
      Effect.gen(function* () {
        const { election, rider } = yield* handDriven("a", members)
        yield* rider.onBeat("b", undefined)
        yield* TestClock.adjust("3999 millis")
        assert.isTrue(yield* election.isLeader)
        yield* TestClock.adjust("1 millis")
        assert.isFalse(yield* election.isLeader)
        assert.strictEqual((yield* election.leadership).leader, "a", "until the next decision")
        yield* rider.onTick
        assert.isUndefined((yield* election.leadership).leader)
      })
  )

  it.effect("follows no claim of a peer, and counts that it disagrees", () =>
    measured(
      Effect.gen(function* () {
        const { election, rider } = yield* handDriven("b", members)
        yield* rider.onBeat("a", { term: 7, leader: "c", standby: false })
        yield* rider.onBeat("a", { term: 7, leader: "c", standby: false })
        assert.deepStrictEqual(yield* election.leadership, { leader: "a", term: 1 })
        assert.strictEqual(
          yield* metric("election_disagreements_total"),
          1,
          "the first came before there was a leader"
        )
      })
    )
  )

  it.effect("counts a payload that it cannot read, and still counts the contact", () =>
    measured(
      Effect.gen(function* () {
        const { election, rider } = yield* handDriven("b", members)
        const bad = [
          null,
          7,
          "x".repeat(1_000),
          [],
          { term: -1, leader: null, standby: false },
          { term: 1, leader: "two words", standby: false }
        ]
        for (const payload of bad) yield* rider.onReply("a", payload)
        assert.strictEqual(
          yield* metric("election_messages_ignored_total", { reason: "payload" }),
          bad.length
        )
        assert.strictEqual((yield* election.quorum).alive, 2)
      })
    )
  )

  it.effect("does not count a stranger", () =>
    measured(
      Effect.gen(function* () {
        const { election, rider } = yield* handDriven("b", members)
        yield* rider.onBeat("mallory", undefined)
        assert.strictEqual((yield* election.quorum).alive, 1)
        assert.strictEqual(yield* metric("election_messages_ignored_total", { reason: "stranger" }), 1)
      })
    )
  )

  it.effect("reports leader, term, quorum and causes as metrics", () =>
    measured(
      Effect.gen(function* () {
        const { rider } = yield* handDriven("a", members)
        assert.strictEqual(yield* metric("election_is_leader"), 0)
        yield* rider.onBeat("b", undefined)
        assert.strictEqual(yield* metric("election_is_leader"), 1)
        assert.strictEqual(yield* metric("election_quorum"), 1)
        yield* TestClock.adjust("5 seconds")
        yield* rider.onTick
        assert.strictEqual(yield* metric("election_is_leader"), 0)
        assert.strictEqual(yield* metric("election_quorum"), 0)
        assert.strictEqual(yield* metric("election_term"), 2)
        assert.strictEqual(yield* metric("election_changes_total", { cause: "bootstrap" }), 1)
        assert.strictEqual(yield* metric("election_changes_total", { cause: "quorum-lost" }), 1)
      })
    )
  )

  it.effect("a peer that stands back is passed over", () =>
    Effect.gen(function* () {
      const { election, rider } = yield* handDriven("b", members)
      yield* rider.onBeat("a", { term: 1, leader: "a", standby: false })
      assert.strictEqual((yield* election.leadership).leader, "a")
      yield* rider.onBeat("a", { term: 2, leader: "b", standby: true })
      assert.strictEqual((yield* election.leadership).leader, "b")
    })
  )

  it.effect("a resigned leader tells its peers that it stands back", () =>
    Effect.gen(function* () {
      const { election, rider } = yield* handDriven("a", members)
      yield* rider.onBeat("b", undefined)
      yield* election.resign
      assert.deepStrictEqual(yield* rider.request("b"), { term: 2, leader: "b", standby: true })
    })
  )

  it.effect("a resignation goes on when its caller gives up waiting for slow work", () =>
    Effect.gen(function* () {
      const { election } = yield* handDriven("a", ["a"])
      const started = yield* Deferred.make<void>()
      const cleaning = yield* Deferred.make<void>()
      const cleaned = yield* Deferred.make<void>()
      const slow = Effect.acquireRelease(Deferred.succeed(started, undefined), () =>
        Effect.andThen(Deferred.succeed(cleaning, undefined), Deferred.await(cleaned))
      )
      const work = yield* Effect.forkChild(election.whileLeader(Effect.andThen(slow, Effect.never)))
      yield* Deferred.await(started)
      const caller = yield* Effect.forkChild(election.resign)
      yield* Deferred.await(cleaning)
      yield* Fiber.interrupt(caller)
      assert.isTrue(yield* election.isLeader, "the work still cleans up")
      yield* Deferred.succeed(cleaned, undefined)
      assert.instanceOf(yield* Effect.flip(Fiber.join(work)), LeadershipLost)
      yield* Stream.runHead(Stream.filter(election.changes, ({ leader }) => leader === undefined))
      assert.isFalse(yield* election.isLeader)
    })
  )

  it.effect("work ends when the layer does", () =>
    Effect.gen(function* () {
      const { election, stop } = yield* handDriven("a", ["a"])
      const started = yield* Deferred.make<void>()
      const endless = Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
      const work = yield* Effect.forkChild(election.whileLeader(endless))
      yield* Deferred.await(started)
      yield* stop
      const lost = yield* Effect.flip(Fiber.join(work))
      assert.strictEqual(lost.message, "a no longer leads term 1; the leader is unknown")
      assert.isFalse(yield* election.isLeader)
    })
  )

  it.effect("a slow reader of changes sees the latest only", () =>
    Effect.gen(function* () {
      const { election, rider } = yield* handDriven("b", members)
      const seen: Array<string | undefined> = []
      const reading = yield* Deferred.make<void>()
      const readSlowly = Effect.fnUntraced(function* (leader: string | undefined) {
        seen.push(leader)
        yield* Deferred.succeed(reading, undefined)
        yield* Effect.sleep("1 minute")
      })
      const reader = yield* Effect.forkChild(
        Stream.runForEach(election.changes, ({ leader }) => readSlowly(leader))
      )
      yield* Deferred.await(reading)
      for (let round = 0; round < 5; round++) {
        yield* rider.onBeat("a", undefined)
        yield* TestClock.adjust("5 seconds")
        yield* rider.onTick
      }
      yield* rider.onBeat("c", undefined)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(seen.at(-1), "b")
      assert.isAtMost(seen.length, 4, seen.join())
      yield* Fiber.interrupt(reader)
    })
  )
})
