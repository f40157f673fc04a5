import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { requireEngine, startRedisCluster } from "../../src/index.ts"
import { allGone, pidsOf } from "../processes.ts"

describe.skipIf(!requireEngine("redis", "redis cluster").available)("redis cluster", () => {
  it.effect("serves all slots, keeps data over a restart, and has spare nodes outside", () =>
    Effect.gen(function* () {
      const pids = yield* Effect.scoped(
        Effect.gen(function* () {
          const { command, nodes, spares } = yield* startRedisCluster({ spares: 1 })
          const [first, second] = nodes
          const [spare] = spares
          if (first === undefined || second === undefined || spare === undefined) return assert.fail("nodes")
          assert.include(yield* command(first, "cluster", "info"), "cluster_slots_ok:16384")
          assert.include(yield* command(spare, "cluster", "info"), "cluster_known_nodes:1")
          yield* command(second, "-c", "set", "key", "value")
          yield* first.kill()
          yield* first.restart()
          assert.strictEqual((yield* command(first, "-c", "get", "key")).trim(), "value")
          return pidsOf([...nodes, ...spares])
        })
      )
      yield* Effect.promise(() => allGone(pids))
    })
  )
})
