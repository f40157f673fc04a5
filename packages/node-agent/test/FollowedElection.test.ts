import { Election, type Leadership, NotLeading } from "@coterie/election"
import { CallFailed, PeerCalls, StaticMembership } from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

import { FollowedElection } from "../src/FollowedElection.ts"

/** What each voter says; one that is missing does not answer. */
type Voters = Map<string, Leadership>

const quorum = { alive: 3, needed: 2, present: true }

const callsTo = (voters: Voters) =>
  Layer.succeed(PeerCalls, {
    addressOf: () => Effect.undefined,
    answer: () => Effect.void,
    call: (peer, { name }) => {
      const said = voters.get(peer)
      return said === undefined
        ? Effect.fail(new CallFailed({ peer, name, kind: "timeout", detail: "no answer" }))
        : Effect.succeed({ leader: said.leader ?? null, term: said.term, quorum })
    }
  })

/** Runs the test on a node without a vote that follows these voters, asked each second. */
const following = <A, E>(
  voters: Voters,
  run: Effect.Effect<A, E, Election>,
  termsFence = true
): Effect.Effect<A, E> =>
  Effect.provide(
    run,
    FollowedElection.layer({
      voters: ["a", "b", "c"],
      interval: Duration.seconds(1),
      deadAfter: Duration.seconds(4),
      termsFence
    }).pipe(Layer.provide([callsTo(voters), StaticMembership.layer({ self: "d" })]))
  )

const leadership = Effect.andThen(
  TestClock.adjust("1 second"),
  Effect.flatMap(Election, (election) => election.leadership)
)

describe("a node without a vote", () => {
  it.effect("knows who leads, and that it does not itself", () =>
    following(
      new Map([["a", { leader: "b", term: 3 }]]),
      Effect.gen(function* () {
        const election = yield* Election
        assert.deepStrictEqual(yield* leadership, { leader: "b", term: 3 })
        assert.isFalse(yield* election.isLeader)
        assert.deepStrictEqual(yield* election.quorum, quorum)
        for (const refused of [election.resign, election.transfer("a")]) {
          const error = yield* Effect.flip(refused)
          assert.deepStrictEqual(error, new NotLeading({ node: "d", leader: "b" }))
        }
      })
    )
  )

  it.effect("follows when leadership moves, and hears of it although the old leader is silent", () => {
    const voters: Voters = new Map(["a", "b", "c"].map((id) => [id, { leader: "a", term: 1 }]))
    return following(
      voters,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* leadership, { leader: "a", term: 1 })
        voters.delete("a")
        voters.set("b", { leader: "c", term: 2 })
        voters.set("c", { leader: "c", term: 2 })
        assert.deepStrictEqual(yield* leadership, { leader: "c", term: 2 })
      })
    )
  })

  it.effect("does not go back to an older term where terms fence", () => {
    const voters: Voters = new Map([["a", { leader: "b", term: 5 }]])
    return following(
      voters,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* leadership, { leader: "b", term: 5 })
        voters.set("a", { leader: "a", term: 4 })
        assert.deepStrictEqual(yield* leadership, { leader: "b", term: 5 })
      })
    )
  })

  it.effect("knows of nobody when no voter has answered for long", () => {
    const voters: Voters = new Map([["a", { leader: "a", term: 1 }]])
    return following(
      voters,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* leadership, { leader: "a", term: 1 })
        voters.clear()
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* leadership).leader, "a")
        yield* TestClock.adjust("2 seconds")
        const { explain, quorum: seen } = yield* Election
        assert.deepStrictEqual(yield* leadership, { leader: undefined, term: 1 })
        assert.isFalse((yield* seen).present)
        assert.strictEqual((yield* explain).rule, "noQuorum")
      })
    )
  })
})
