import { Election, type Leadership, NotLeading } from "@coterie/election"
import {
  CallFailed,
  type Member,
  Membership,
  type MemberState,
  PeerCalls,
  StaticMembership
} from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"

import { FollowedElection } from "../src/FollowedElection.ts"

const quorum = { alive: 3, needed: 2, present: true }
const noQuorum = { alive: 1, needed: 2, present: false }

/** What each voter says; one that is missing lets the time for an answer pass. */
type Voters = Map<string, "noVote" | (Leadership & { readonly quorum?: typeof quorum })>

const callsTo = (voters: Voters, asked: Array<string> = []) =>
  Layer.succeed(PeerCalls, {
    addressOf: () => Effect.undefined,
    answer: () => Effect.void,
    call: (peer, { name, timeout }) => {
      asked.push(peer)
      const said = voters.get(peer)
      if (said === "noVote") return Effect.succeed(said)
      return said === undefined
        ? Effect.delay(
            Effect.fail(new CallFailed({ peer, name, kind: "timeout", detail: "no answer" })),
            timeout
          )
        : Effect.succeed({ quorum, ...said, leader: said.leader ?? null })
    }
  })

const followed = (voters: ReadonlyArray<string>, termsFence = true) =>
  FollowedElection.layer({
    voters,
    interval: Duration.seconds(1),
    deadAfter: Duration.seconds(4),
    termsFence
  })

/** Runs the test on a node without a vote that follows these voters, asked each second. */
const following = <A, E>(
  voters: Voters,
  run: Effect.Effect<A, E, Election>,
  termsFence = true
): Effect.Effect<A, E> =>
  Effect.provide(
    run,
    followed(["a", "b", "c"], termsFence).pipe(
      Layer.provide([callsTo(voters), StaticMembership.layer({ self: "d" })])
    )
  )

/** After time for a round of three voters, of whom two are silent. */
const leadership = Effect.andThen(
  TestClock.adjust("3 seconds"),
  Effect.flatMap(Election, (election) => election.leadership)
)

const member = (id: string, state: MemberState): Member => ({
  id,
  state,
  address: undefined,
  sinceMillis: 0,
  metadata: {}
})

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
    const voters: Voters = new Map(["a", "b", "c"].map((id) => [id, { leader: "b", term: 5 }]))
    return following(
      voters,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* leadership, { leader: "b", term: 5 })
        for (const id of ["a", "b", "c"]) voters.set(id, { leader: "a", term: 4 })
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
        const { explain, leadership: now, quorum: seen } = yield* Election
        assert.strictEqual((yield* now).leader, "a")
        assert.deepStrictEqual(yield* leadership, { leader: undefined, term: 1 })
        assert.isFalse((yield* seen).present)
        const explaining = yield* Effect.forkChild(explain)
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* Fiber.join(explaining)).rule, "noQuorum")
      })
    )
  })

  it.effect("goes on asking past a voter that is cut off and knows of nobody", () =>
    following(
      new Map([
        ["a", { leader: undefined, term: 3, quorum: noQuorum }],
        ["b", { leader: undefined, term: 3, quorum: noQuorum }],
        ["c", { leader: "c", term: 3 }]
      ]),
      Effect.gen(function* () {
        for (let round = 0; round < 3; round++)
          assert.deepStrictEqual(yield* leadership, { leader: "c", term: 3 })
        assert.deepStrictEqual(yield* (yield* Election).quorum, quorum)
      })
    )
  )

  it.effect("believes that nobody leads when nobody names a leader, or only one of an older term", () => {
    const voters: Voters = new Map([
      ["a", { leader: "a", term: 3, quorum: noQuorum }],
      ["b", { leader: undefined, term: 4 }],
      ["c", { leader: undefined, term: 3 }]
    ])
    return following(
      voters,
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* leadership, { leader: undefined, term: 4 })
        voters.clear()
        voters.set("b", { leader: undefined, term: 4, quorum: noQuorum })
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(yield* leadership, { leader: undefined, term: 4 })
        assert.isFalse((yield* (yield* Election).quorum).present)
      })
    )
  })

  it.effect("knows of nobody in time, although a round of nine silent voters takes longer", () => {
    const ids = "abcdefghi".split("")
    const voters: Voters = new Map(ids.map((id) => [id, { leader: "a", term: 1 }]))
    return Effect.gen(function* () {
      assert.strictEqual((yield* leadership).leader, "a")
      voters.clear()
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* (yield* Election).leadership).leader, "a")
      assert.strictEqual((yield* leadership).leader, undefined)
      assert.isFalse((yield* (yield* Election).quorum).present)
    }).pipe(
      Effect.provide(
        followed(ids).pipe(Layer.provide([callsTo(voters), StaticMembership.layer({ self: "x" })]))
      )
    )
  })

  it.effect("asks as often as there are others that ask, not counting the dead and those who left", () => {
    const asked: Array<string> = []
    const all = Array.from({ length: 1000 }, (_, index) => member(`n${index}`, "alive"))
    const gone = (["dead", "left"] as const).flatMap((state) =>
      Array.from({ length: 2000 }, (_, index) => member(`${state}${index}`, state))
    )
    const membership = Layer.effect(
      Membership,
      Effect.map(Membership, (service) => ({ ...service, members: Effect.succeed([...all, ...gone]) }))
    ).pipe(Layer.provide(StaticMembership.layer({ self: "x" })))
    const voters: Voters = new Map([["a", { leader: "a", term: 1 }]])
    return Effect.gen(function* () {
      yield* Election
      yield* TestClock.adjust("99 seconds")
      assert.lengthOf(asked, 10)
      assert.strictEqual((yield* (yield* Election).leadership).leader, "a", "a long pause is no silence")
    }).pipe(Effect.provide(followed(["a"]).pipe(Layer.provide([callsTo(voters, asked), membership]))))
  })

  it.effect("warns once when each of the voters says that it has no vote, and again after it had one", () => {
    const warnings: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (logLevel === "Warn") warnings.push(message)
    })
    const voters: Voters = new Map([["a", "noVote"]])
    return following(
      voters,
      Effect.gen(function* () {
        yield* TestClock.adjust("9 seconds")
        assert.lengthOf(warnings, 0, "two are silent")
        for (const id of ["b", "c"]) voters.set(id, "noVote")
        yield* TestClock.adjust("9 seconds")
        assert.lengthOf(warnings, 1)
        assert.include(JSON.stringify(warnings), "membership.peers")
        voters.set("b", { leader: "b", term: 1 })
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* leadership, { leader: "b", term: 1 })
        voters.set("b", "noVote")
        yield* TestClock.adjust("2 seconds")
        assert.lengthOf(warnings, 2)
      })
    ).pipe(Effect.provide(Logger.layer([logger])))
  })
})
