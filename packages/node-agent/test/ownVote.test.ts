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

describe("lists of voters", () => {
  it.live("made for heartbeats, without the node itself, leave all without a vote, and each says so", () => {
    const warnings: Array<string> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (logLevel === "Warn") warnings.push(JSON.stringify(message))
    })
    const count = (event: string) =>
      Effect.sync(() => warnings.filter((warning) => warning.includes(`"${event}"`)).length)
    return Effect.gen(function* () {
      const start = yield* makeFleet
      const { reachability } = yield* start("n1", ["n2"])
      yield* start("n2", ["n1"])
      assert.strictEqual(yield* count("election.no_vote"), 2)
      yield* eventually(count("election.no_voters"), (warned) => warned === 2)
      const asked = { name: explainCall, payload: null, timeout: "5 seconds" } as const
      const unasked = yield* Effect.flip(reachability.calls.call("n2", asked))
      assert.notStrictEqual(unasked.kind, "timeout", "they would ask each other for ever")
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
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
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
