import {
  AlreadyLeader,
  ConsensusError,
  type GroupStatus,
  InMemoryGroups,
  type ScriptedTransfer,
  TransferInProgress,
  Unauthorized
} from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { agent, evaluate, evaluateOne, metric, outcomeOf, reasonOf } from "./support/agent.ts"

describe("LeaderLocality: every reason to stay", () => {
  it.effect("notLeader: the agent beside the leader decides", () =>
    Effect.gen(function* () {
      const decision = yield* evaluateOne
      assert.deepStrictEqual(reasonOf(decision), { _tag: "notLeader", leader: "far" })
      assert.deepInclude(decision, { self: "n1", leader: "far", term: 1, row: {}, policy: "nearestPeer" })
    }).pipe(Effect.provide(agent({ node: "n1" })))
  )

  it.effect("electing: nobody leads", () =>
    Effect.gen(function* () {
      yield* (yield* InMemoryGroups).elect("db", undefined)
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), { _tag: "electing" })
    }).pipe(Effect.provide(agent()))
  )

  it.effect("singleVoter: nobody could take over, learners never do", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), { _tag: "singleVoter" })
    }).pipe(
      Effect.provide(
        agent({ world: { groups: { db: { leader: "far", voters: ["far"], nonVoters: ["n1"] } } } })
      )
    )
  )

  it.effect("withinThreshold: a neighbour is near enough", () =>
    Effect.gen(function* () {
      const decision = yield* evaluateOne
      assert.deepStrictEqual(reasonOf(decision), {
        _tag: "withinThreshold",
        nearest: "n2",
        nearestMillis: 20,
        thresholdMillis: 100
      })
      assert.deepStrictEqual(decision.row, { far: 256, n2: 20 })
    }).pipe(
      Effect.provide(
        agent({
          node: "n1",
          world: {
            groups: { db: { leader: "n1", voters: ["far", "n1", "n2"] } },
            rtt: (from, to) => (from === "far" || to === "far" ? 256 : 20)
          }
        })
      )
    )
  )

  it.effect("voterUnreachable: the engine does not reach a voter, and the others are still measured", () =>
    Effect.gen(function* () {
      yield* (yield* InMemoryGroups).hang("n1")
      const decision = yield* evaluateOne
      assert.deepStrictEqual(reasonOf(decision), {
        _tag: "voterUnreachable",
        voters: [{ id: "n1", detail: "no answer within 5000 ms" }]
      })
      assert.deepStrictEqual(decision.row, { n2: 256 })
    }).pipe(Effect.provide(agent()))
  )

  it.effect("voterUnreachable: the engine does not mention a voter", () =>
    Effect.gen(function* () {
      const reason = reasonOf(yield* evaluateOne)
      assert.deepStrictEqual(reason?._tag === "voterUnreachable" && reason.voters.map(({ id }) => id), [
        "n1",
        "n2"
      ])
    }).pipe(Effect.provide(agent({ engine: () => ({ reachability: () => Effect.succeed(new Map()) }) })))
  )

  it.effect("voterUnreachable: no probe of the round came back within the deadline", () =>
    Effect.gen(function* () {
      const deciding = yield* Effect.forkChild(evaluateOne)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(reasonOf(yield* Fiber.join(deciding)), {
        _tag: "voterUnreachable",
        voters: ["n1", "n2"].map((id) => ({ id, detail: "no probe came back in time" }))
      })
    }).pipe(Effect.provide(agent({ probe: { measure: () => Effect.never } })))
  )

  it.effect("voterUnreachable: a round trip that is no number is no measurement", () =>
    Effect.gen(function* () {
      assert.strictEqual(reasonOf(yield* evaluateOne)?._tag, "voterUnreachable")
    }).pipe(Effect.provide(agent({ probe: { measure: () => Effect.succeed(Duration.infinity) } })))
  )

  it.effect(
    "voterUnreachable: the target's process hung after it was measured, so nothing is attempted",
    () =>
      Effect.gen(function* () {
        for (const pass of [1, 2]) {
          const deciding = yield* Effect.forkChild(evaluateOne)
          yield* TestClock.adjust("15 seconds")
          const reason = reasonOf(yield* Fiber.join(deciding))
          const voters = [{ id: "n1", detail: "probe took longer than 15s" }]
          assert.deepStrictEqual(reason, { _tag: "voterUnreachable", voters }, `no cooldown in pass ${pass}`)
        }
        assert.deepStrictEqual(yield* (yield* InMemoryGroups).transfers, [])
      }).pipe(
        Effect.provide(
          agent({
            probe: { measure: () => Effect.succeed(Duration.millis(256)) },
            engine: () => ({ probe: () => Effect.never })
          })
        )
      )
  )

  it.effect("settling: leadership changed hands between measuring and acting", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), { _tag: "settling" })
      assert.deepStrictEqual(yield* (yield* InMemoryGroups).transfers, [])
    }).pipe(
      Effect.provide(
        agent({
          engine: (groups) => {
            let reads = 0
            const later = (status: GroupStatus) => ({ ...status, term: (status.term ?? 0) + reads++ })
            return { status: (group) => Effect.map(groups.status(group), later) }
          }
        })
      )
    )
  )

  it.effect("cooldown: says what it would do and when", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(outcomeOf(yield* evaluateOne), { _tag: "moved", term: 2 })
      yield* (yield* InMemoryGroups).elect("db", "far")
      yield* TestClock.adjust("4 minutes")
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), {
        _tag: "cooldown",
        target: "n1",
        gainMillis: 256,
        remainingMillis: 360_000
      })
    }).pipe(Effect.provide(agent()))
  )

  it.effect("advised: transfers nothing and spends no cooldown", () =>
    Effect.gen(function* () {
      const advice = { _tag: "advised", target: "n1", gainMillis: 256 } as const
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), advice)
      assert.deepStrictEqual(reasonOf(yield* evaluateOne), advice)
      const world = yield* InMemoryGroups
      assert.deepStrictEqual(yield* world.transfers, [])
      assert.deepStrictEqual(yield* world.leadership("db"), { leader: "far", term: 1 })
    }).pipe(Effect.provide(agent({ options: { mode: "advise" } })))
  )
})

describe("LeaderLocality: engines in trouble", () => {
  it.effect("an engine that is down is a reason and is counted", () =>
    Effect.gen(function* () {
      yield* (yield* InMemoryGroups).kill("far")
      const decision = yield* evaluateOne
      assert.deepInclude(reasonOf(decision), {
        _tag: "engineError",
        operation: "status",
        kind: "Unavailable"
      })
      assert.isUndefined(decision.leader)
      assert.strictEqual(yield* metric("locality_loop_errors_total", { kind: "Unavailable" }), 1)
    }).pipe(Effect.provide(agent()))
  )

  it.effect("a refused reading is a reason", () =>
    Effect.gen(function* () {
      const refusal = reasonOf(yield* evaluateOne)
      assert.deepInclude(refusal, { operation: "reachability", kind: "Unauthorized" })
    }).pipe(
      Effect.provide(
        agent({
          engine: () => ({
            reachability: (group) => {
              const reason = new Unauthorized({ detail: "401" })
              return Effect.fail(new ConsensusError({ group, operation: "reachability", reason }))
            }
          })
        })
      )
    )
  )

  it.effect("a driver that breaks is a reason, with a bounded text", () =>
    Effect.gen(function* () {
      const reason = reasonOf(yield* evaluateOne)
      assert.deepInclude(reason, { _tag: "engineError", operation: "evaluate", kind: "Defect" })
      assert.isAtMost((reason?._tag === "engineError" && reason.detail.length) || 0, 300)
    }).pipe(
      Effect.provide(
        agent({
          engine: () => ({
            status: () => {
              throw new Error("garbage ".repeat(1000))
            }
          })
        })
      )
    )
  )

  it.effect("answers of the wrong shape are reasons too, wherever they come", () =>
    Effect.gen(function* () {
      const nonsense = Effect.succeed(null as never)
      const reading = agent({ engine: () => ({ status: () => nonsense }) })
      const asking = agent({ engine: () => ({ reachability: () => nonsense }) })
      const transferring = agent({ engine: () => ({ transferLeadership: () => nonsense }) })
      for (const broken of [reading, asking]) {
        const reason = reasonOf(yield* Effect.provide(evaluateOne, broken))
        assert.deepInclude(reason, { _tag: "engineError", kind: "Defect" })
      }
      const outcome = outcomeOf(yield* Effect.provide(evaluateOne, transferring))
      assert.deepInclude(outcome, { _tag: "failed", kind: "Defect" })
      const listing = agent({ engine: () => ({ list: Effect.succeed(42 as never) }) })
      assert.deepStrictEqual(yield* Effect.provide(evaluate, listing), [])
    })
  )

  it.effect("an engine that never answers holds up no other group", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("90 seconds")
      const world = yield* InMemoryGroups
      assert.strictEqual((yield* world.leadership("z")).leader, "far", "the pass waits for the hung group")
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* world.leadership("z")).leader, "n1")
      assert.strictEqual(yield* metric("locality_decisions_total", { reason: "engineError" }), 1)
    }).pipe(
      Effect.provide(
        agent({
          world: {
            groups: {
              a: { leader: "far", voters: ["far", "n1"] },
              z: { leader: "far", voters: ["far", "n1"] }
            },
            rtt: () => 256
          },
          engine: (groups) => ({
            status: (group) => (group === "a" ? Effect.never : groups.status(group))
          })
        })
      )
    )
  )
})

describe("LeaderLocality: every outcome of a transfer", () => {
  const outcomes: ReadonlyArray<readonly [string, ScriptedTransfer, object]> = [
    [
      "movedElsewhere",
      { _tag: "Elsewhere", leader: "n2" },
      { _tag: "movedElsewhere", leader: "n2", term: 2 }
    ],
    ["unchanged", { _tag: "Unchanged" }, { _tag: "unchanged" }],
    ["unknown", { _tag: "Leaderless" }, { _tag: "unknown" }],
    [
      "failed",
      { _tag: "Fails", reason: new TransferInProgress() },
      {
        _tag: "failed",
        kind: "TransferInProgress",
        detail: "transfer of group db: another leadership transfer is in progress"
      }
    ]
  ]
  it.effect.each(outcomes)("%s: is reported, counted, and spends the cooldown", ([label, script, outcome]) =>
    Effect.gen(function* () {
      const world = yield* InMemoryGroups
      yield* world.script("db", script)
      assert.deepStrictEqual(outcomeOf(yield* evaluateOne), outcome)
      assert.strictEqual(yield* metric("locality_transfers_total", { outcome: label }), 1)
      yield* world.elect("db", "far")
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(reasonOf(yield* evaluateOne)?._tag, "cooldown")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(outcomeOf(yield* evaluateOne)?._tag, "moved")
      assert.strictEqual((yield* world.transfers).length, 2)
    }).pipe(Effect.provide(agent()))
  )

  it.effect("moved: the decision names what was seen, the gain and the time it took", () =>
    Effect.gen(function* () {
      const deciding = yield* Effect.forkChild(evaluateOne)
      yield* TestClock.adjust("2 seconds")
      const decision = yield* Fiber.join(deciding)
      assert.deepStrictEqual(decision, {
        group: "db",
        self: "far",
        leader: "far",
        term: 1,
        row: { n1: 256, n2: 256 },
        at: "1970-01-01T00:00:01.500Z",
        mode: "act",
        policy: "nearestPeer",
        action: {
          _tag: "Transfer",
          target: "n1",
          gainMillis: 256,
          outcome: { _tag: "moved", term: 2 },
          tookMillis: 1500
        }
      })
    }).pipe(
      Effect.provide(
        agent({
          world: {
            groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } },
            rtt: () => 256,
            transferDuration: "1500 millis"
          }
        })
      )
    )
  )

  it.effect("failed: the engine refuses a hand-over that was decided in an older term", () => {
    let late: Effect.Effect<void> = Effect.void
    return Effect.gen(function* () {
      const world = yield* InMemoryGroups
      late = world.elect("db", "far")
      assert.deepInclude(outcomeOf(yield* evaluateOne), { _tag: "failed", kind: "StaleTerm" })
      assert.deepStrictEqual(yield* world.leadership("db"), { leader: "far", term: 2 })
    }).pipe(
      Effect.provide(
        agent({
          engine: (groups) => ({
            transferLeadership: (group, target, options) =>
              Effect.suspend(() => Effect.andThen(late, groups.transferLeadership(group, target, options)))
          })
        })
      )
    )
  })

  it.effect(
    "a transfer that never answers fails with TimedOut, with the cooldown spent before the call",
    () =>
      Effect.gen(function* () {
        const deciding = yield* Effect.forkChild(evaluateOne)
        yield* TestClock.adjust("60 seconds")
        assert.deepInclude(outcomeOf(yield* Fiber.join(deciding)), { _tag: "failed", kind: "TimedOut" })
        const reason = reasonOf(yield* evaluateOne)
        assert.deepInclude(reason, { _tag: "cooldown", remainingMillis: 540_000 })
      }).pipe(Effect.provide(agent({ engine: () => ({ transferLeadership: () => Effect.never }) })))
  )

  it.effect("after a failure the group rests 15 s even when the cooldown is shorter", () =>
    Effect.gen(function* () {
      const reason = new AlreadyLeader({ target: "n1" })
      yield* (yield* InMemoryGroups).script("db", { _tag: "Fails", reason })
      assert.strictEqual(outcomeOf(yield* evaluateOne)?._tag, "failed")
      yield* TestClock.adjust("14999 millis")
      assert.deepInclude(reasonOf(yield* evaluateOne), { _tag: "cooldown", remainingMillis: 1 })
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(outcomeOf(yield* evaluateOne)?._tag, "moved")
    }).pipe(Effect.provide(agent({ options: { cooldown: Duration.seconds(1) } })))
  )

  it.effect("after a success a short cooldown is all the rest", () =>
    Effect.gen(function* () {
      assert.strictEqual(outcomeOf(yield* evaluateOne)?._tag, "moved")
      yield* (yield* InMemoryGroups).elect("db", "far")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(outcomeOf(yield* evaluateOne)?._tag, "moved")
    }).pipe(Effect.provide(agent({ options: { cooldown: Duration.seconds(1) } })))
  )
})
