import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { type EngineNode, pollUntil, requireEngine, startNatsCluster } from "../../src/index.ts"
import { allGone, pidsOf } from "../processes.ts"
import { natsRequest } from "./natsClient.ts"

/** Asks until the answer holds `wanted`; a group without a leader does not answer for a while. */
const ask = (node: EngineNode, wanted: string, ...[subject, payload]: readonly [string, string]) =>
  Effect.promise(() =>
    pollUntil(
      async () => {
        const answer = await natsRequest(node.ports["client"] ?? 0, subject, payload)
        return answer.includes(wanted) ? undefined : answer
      },
      { timeoutMillis: 20_000 }
    )
  )

describe.skipIf(!requireEngine("nats", "nats cluster").available)("nats cluster", () => {
  it.effect("replicates a stream, survives the kill of a server, and takes it back", () =>
    Effect.gen(function* () {
      const pids = yield* Effect.scoped(
        Effect.gen(function* () {
          const { nodes } = yield* startNatsCluster()
          const [first, second, third] = nodes
          if (first === undefined || second === undefined || third === undefined)
            return assert.fail("three servers")
          const stream = JSON.stringify({ name: "S", subjects: ["s"], num_replicas: 3 })
          yield* ask(first, `"num_replicas":3`, "$JS.API.STREAM.CREATE.S", stream)
          yield* ask(second, `"stream":"S"`, "s", "hello")
          yield* third.kill()
          yield* ask(first, `"stream":"S"`, "s", "again")
          yield* third.restart()
          yield* ask(third, `"messages":`, "$JS.API.STREAM.INFO.S", "")
          return pidsOf(nodes)
        })
      )
      yield* Effect.promise(() => allGone(pids))
    })
  )
})
