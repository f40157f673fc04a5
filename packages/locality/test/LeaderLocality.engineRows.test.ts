import { InMemoryGroups, type InMemoryGroupsOptions } from "@coterie/election"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"

import { LeaderLocality } from "../src/index.ts"
import { agent, evaluateOne, metric, outcomeOf, reasonOf } from "./support/agent.ts"

const world: InMemoryGroupsOptions = {
  groups: { db: { leader: "far", voters: ["far", "n1", "n2"] } },
  rtt: (from, to) => (from === "far" || to === "far" ? "256 millis" : "20 millis"),
  ownRtt: true
}
const options = { policy: "quorumLatency", persistence: Duration.zero, settle: Duration.zero } as const

describe("an engine that measures round trips itself", () => {
  it.effect("is all that quorumLatency needs: one agent alone, without an exchange, moves leadership", () =>
    Effect.gen(function* () {
      for (let pass = 0; pass < 4; pass++) {
        assert.strictEqual(outcomeOf(yield* evaluateOne), undefined)
      }
      assert.deepStrictEqual(outcomeOf(yield* evaluateOne), { _tag: "moved", term: 2 })
    }).pipe(Effect.provide(agent({ world, options })))
  )

  it.effect("is preferred where an agent's probe says something else, as through a relay", () =>
    Effect.gen(function* () {
      for (let pass = 0; pass < 4; pass++) yield* evaluateOne
      const { voters } = yield* (yield* LeaderLocality).explain("db")
      assert.deepStrictEqual(
        voters.map(({ commitMillis, rttMillis }) => [rttMillis, commitMillis]),
        [
          [undefined, 256],
          [0.2, 20],
          [0.2, 20]
        ]
      )
    }).pipe(
      Effect.provide(
        agent({ world, options, probe: { measure: () => Effect.succeed(Duration.micros(200n)) } })
      )
    )
  )

  it.effect("may fail: the agents' own rows go on, and it is counted", () =>
    Effect.gen(function* () {
      for (let pass = 0; pass < 4; pass++) yield* evaluateOne
      assert.deepInclude(reasonOf(yield* evaluateOne), { _tag: "insufficientData" })
      assert.strictEqual(yield* metric("locality_engine_rows_failed_total", { kind: "UnknownGroup" }), 5)
      assert.strictEqual((yield* (yield* InMemoryGroups).leadership("db")).leader, "far")
    }).pipe(
      Effect.provide(
        agent({
          world,
          options,
          engine: (groups) => ({ rttRows: () => groups.rttRows?.("gone") ?? Effect.succeed(new Map()) })
        })
      )
    )
  )
})
