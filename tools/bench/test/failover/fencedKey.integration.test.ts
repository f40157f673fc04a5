import { requireEngine, startEtcdCluster } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { FencedKey } from "../../src/failover/fencedKey.ts"

describe.skipIf(!requireEngine("etcd", "the fenced key").available)("FencedKey", () => {
  it.live("refuses an older token after a newer one, and keeps every attempt in etcd's order", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startEtcdCluster({ nodes: 1 })
      const key = new FencedKey(nodes[0]?.url ?? "")
      const write = (holder: string, token: number) => Effect.promise(() => key.write(holder, token))
      yield* Effect.promise(() => key.create())
      assert.isTrue(yield* write("a", 9))
      assert.isTrue(yield* write("b", 10))
      assert.isFalse(yield* write("a", 9))
      // More than one page of attempts.
      yield* Effect.replicateEffect(write("b", 10), 1100, { concurrency: 20, discard: true })
      assert.isTrue(yield* write("c", 11))
      const attempts = yield* Effect.promise(() => key.attempts())
      assert.deepStrictEqual(
        [...attempts.slice(0, 3), ...attempts.slice(-1)].map(
          ({ accepted, holder, token }) => `${holder} ${token} ${accepted}`
        ),
        ["a 9 true", "b 10 true", "a 9 false", "c 11 true"]
      )
      assert.lengthOf(attempts, 1104)
    }).pipe(Effect.scoped)
  )
})
