import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { requireEngine, startPostgres } from "../../src/index.ts"
import { allGone, pidsOf } from "../processes.ts"

describe.skipIf(!requireEngine("postgres", "postgresql").available)("postgresql", () => {
  it.effect("answers SQL and keeps committed rows over a crash", () =>
    Effect.gen(function* () {
      const pids = yield* Effect.scoped(
        Effect.gen(function* () {
          const { node, query } = yield* startPostgres()
          yield* query("CREATE TABLE t (x int); INSERT INTO t VALUES (1), (2)")
          yield* node.kill()
          yield* node.restart()
          assert.strictEqual(yield* query("SELECT count(*), sum(x) FROM t"), "2|3")
          return pidsOf([node])
        })
      )
      yield* Effect.promise(() => allGone(pids))
    })
  )
})
