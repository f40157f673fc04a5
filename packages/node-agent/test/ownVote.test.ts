import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Logger } from "effect"

import { AgentBlocks } from "../src/AgentBlocks.ts"
import { explainCall } from "../src/clusterLeader.ts"
import { eventually, makeSwimFleet } from "./swimFleet.ts"

/** Starts agents with these voters. */
const makeFleet = Effect.map(makeSwimFleet, (start) => (id: string, voters: ReadonlyArray<string>) => {
  const peers = voters.map((voter) => ({ id: voter }))
  const timing = { interval: "50ms", deadAfter: "1s" }
  const started = start(id, { membership: { plaintext: true, peers, ...timing }, election: { lease: "1s" } })
  return Effect.map(started, Context.get(AgentBlocks))
})

/** The warnings of all agents so far, and how many name something. */
const makeWarnings = () => {
  const warnings: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    if (logLevel === "Warn") warnings.push(JSON.stringify(message))
  })
  const count = (...words: ReadonlyArray<string>) =>
    Effect.sync(() => warnings.filter((line) => words.every((word) => line.includes(`"${word}"`))).length)
  return { count, layer: Logger.layer([logger]) }
}

/** Where the nodes stand as an agent explains it. */
const standingsAt = ({ election }: AgentBlocks["Service"]) =>
  Effect.map(election?.explain ?? Effect.die("no election"), ({ members }) =>
    members.map(({ id, reason }) => `${id} ${reason}`).join(", ")
  )

describe("lists of voters", () => {
  it.live("made for heartbeats, without the node itself, leave all without a vote, and each says so", () => {
    const { count, layer } = makeWarnings()
    return Effect.gen(function* () {
      const start = yield* makeFleet
      const { reachability } = yield* start("n1", ["n2"])
      yield* start("n2", ["n1"])
      assert.strictEqual(yield* count("election.no_vote"), 2)
      yield* eventually(count("election.no_voters"), (warned) => warned === 2)
      const asked = { name: explainCall, payload: null, timeout: "5 seconds" } as const
      const unasked = yield* Effect.flip(reachability.calls.call("n2", asked))
      assert.notStrictEqual(unasked.kind, "timeout", "they would ask each other for ever")
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("without a common voter elect a leader each, and every node warns of the other once", () => {
    const { count, layer } = makeWarnings()
    return Effect.gen(function* () {
      const start = yield* makeFleet
      const first = yield* start("n1", ["n1"])
      const second = yield* start("n2", ["n2"])
      const follower = yield* start("n3", ["n1"])
      yield* eventually(standingsAt(first), (told) => told === "n1 leads, n2 otherVoters")
      yield* eventually(standingsAt(second), (told) => told === "n2 leads, n1 otherVoters, n3 otherVoters")
      yield* eventually(standingsAt(follower), (told) => told === "n1 leads, n2 otherVoters")
      yield* eventually(count("otherVoters"), (warned) => warned === 4)
      assert.strictEqual(yield* count("otherVoters", "n2"), 2, "n1 and n3 warn of n2")
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("that differ elect only where a majority of a list has that very list", () =>
    Effect.gen(function* () {
      const start = yield* makeFleet
      const first = yield* start("n1", ["n1", "n2"])
      const other = yield* start("n2", ["n1", "n2", "n3"])
      const third = yield* start("n3", ["n1", "n2", "n3"])
      const leaderAt = ({ election }: typeof first) => election?.leadership ?? Effect.die("no election")
      yield* eventually(leaderAt(third), ({ leader }) => leader === "n2")
      assert.strictEqual(
        (yield* leaderAt(other)).leader,
        "n2",
        "n1 is smaller, and no vote of theirs goes to it"
      )
      assert.strictEqual((yield* leaderAt(first)).leader === "n1", false)
      yield* eventually(standingsAt(other), (told) => told === "n1 otherVoters, n2 leads, n3 lessPreferred")
      yield* eventually(standingsAt(first), (told) => told.endsWith("n3 otherVoters"))
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
