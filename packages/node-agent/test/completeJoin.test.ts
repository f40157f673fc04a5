import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, References } from "effect"

import { AgentBlocks } from "../src/AgentBlocks.ts"
import { newSwimKey } from "../src/config/swimKey.ts"
import { Health } from "../src/Health.ts"
import { eventually, makeSwimFleet } from "./swimFleet.ts"

const deadAfter = Duration.millis(200)

const makeFleet = Effect.map(
  makeSwimFleet,
  (start) => (id: string, key: string) =>
    start(id, {
      membership: { keys: [key], interval: "20ms", deadAfter: "200ms" },
      election: { strategy: "none" }
    }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
)

const isReady = (phase: string | undefined) => phase === undefined

describe("on SWIM a node is ready", () => {
  it.live("as the first of its cluster after a while, and as the second when it is in it", () =>
    Effect.gen(function* () {
      const start = yield* makeFleet
      const key = newSwimKey()
      const first = Context.get(yield* start("n1", key), Health)
      yield* eventually(first.startup, isReady)
      assert.isAtLeast(Duration.toMillis(yield* first.uptime), Duration.toMillis(deadAfter))
      const second = yield* start("n2", key)
      yield* eventually(Context.get(second, Health).startup, isReady)
      const { membership } = Context.get(second, AgentBlocks)
      assert.lengthOf(yield* membership.members, 2)
    })
  )

  it.live("but not while it has another key than its seeds", () =>
    Effect.gen(function* () {
      const start = yield* makeFleet
      yield* start("n1", newSwimKey())
      const lockedOut = yield* start("n3", newSwimKey())
      const { startup, uptime } = Context.get(lockedOut, Health)
      const { swim } = Context.get(lockedOut, AgentBlocks)
      yield* eventually(
        swim?.health ?? Effect.die("no SWIM"),
        ({ lastJoin, phase }) => lastJoin === "refused" && phase === "member"
      )
      yield* eventually(uptime, (time) => Duration.isGreaterThan(time, Duration.times(deadAfter, 5)))
      assert.strictEqual(yield* startup, "join")
    })
  )
})
