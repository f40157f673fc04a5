import { httpAnswer, requireCapability, requireEngine, startRqliteCluster } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { startWan } from "../src/index.ts"

const gates = [
  requireEngine("rqlite", "rqlite over the WAN"),
  requireCapability("network-namespaces", "rqlite over the WAN")
]

/** Milliseconds that a write takes at the node, asked over the underlay; the best of five. */
const writeMillis = async (url: string): Promise<number> => {
  const times: Array<number> = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const start = performance.now()
    const { body } = await httpAnswer(`${url}/db/execute`, {
      method: "POST",
      body: JSON.stringify(["INSERT INTO t VALUES (1)"]),
      timeoutMillis: 10_000
    })
    assert.include(body, "rows_affected")
    times.push(performance.now() - start)
  }
  return Math.min(...times)
}

describe.skipIf(!gates.every(({ available }) => available))("rqlite over the WAN", () => {
  it.effect("commits at the pace of the leader's links", () =>
    Effect.gen(function* () {
      const wan = yield* startWan({ nodes: 3, rttMillis: 60 })
      const { nodes } = yield* startRqliteCluster({
        placements: wan.nodes.map(({ address, namespace, underlayAddress }) => ({
          host: address,
          controlHost: underlayAddress,
          namespace
        })),
        firstLeader: 2,
        raftTimeout: "2 seconds",
        raftElectionTimeout: "5 seconds"
      })
      const [follower, , leader] = nodes
      if (follower === undefined || leader === undefined) return assert.fail("three nodes")
      const created = yield* Effect.promise(() =>
        httpAnswer(`${leader.url}/db/execute`, {
          method: "POST",
          body: JSON.stringify(["CREATE TABLE t (x INTEGER)"])
        })
      )
      assert.strictEqual(created.status, 200)
      const atLeader = yield* Effect.promise(() => writeMillis(leader.url))
      assert.isAtLeast(atLeader, 60, "one round trip to the nearest voter")
      assert.isAtMost(atLeader, 115, "and not two")
      const forwarded = yield* Effect.promise(() => writeMillis(follower.url))
      assert.isAtLeast(forwarded, 120, "one more to the leader")
      assert.isAtMost(forwarded, 300)
    })
  )
})
