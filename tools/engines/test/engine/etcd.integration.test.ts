import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { type EtcdNode, httpAnswer, pollUntil, requireEngine, startEtcdCluster } from "../../src/index.ts"
import { allGone, pidsOf } from "../processes.ts"

const base64 = (text: string): string => Buffer.from(text).toString("base64")

const call = (node: EtcdNode, path: string, body: object) =>
  httpAnswer(`${node.url}${path}`, { method: "POST", body: JSON.stringify(body), timeoutMillis: 5000 })

describe.skipIf(!requireEngine("etcd", "etcd cluster").available)("etcd cluster", () => {
  it.effect("replicates a write, survives the kill of a member, and takes it back", () =>
    Effect.gen(function* () {
      const pids = yield* Effect.scoped(
        Effect.gen(function* () {
          const { nodes } = yield* startEtcdCluster()
          const [first, second, third] = nodes
          if (first === undefined || second === undefined || third === undefined)
            return assert.fail("three members")
          yield* third.kill()
          const put = () => call(first, "/v3/kv/put", { key: base64("k"), value: base64("v") })
          yield* Effect.promise(() =>
            pollUntil(async () => ((await put()).status === 200 ? undefined : "no leader"), {
              timeoutMillis: 10_000
            })
          )
          yield* third.restart()
          const { body } = yield* Effect.promise(() => call(third, "/v3/kv/range", { key: base64("k") }))
          assert.include(body, base64("v"))
          return pidsOf(nodes)
        })
      )
      yield* Effect.promise(() => allGone(pids))
    })
  )
})
