/** Starts a cluster, prints its folder and pids as one line of JSON, and waits to be killed. */
import { Effect } from "effect"

import { startRqliteCluster } from "../src/index.ts"

const program = Effect.gen(function* () {
  const { directory, nodes } = yield* startRqliteCluster({ voters: 2 })
  console.log(JSON.stringify({ directory, pids: nodes.map(({ pid }) => pid) }))
  return yield* Effect.never
})

// A timer keeps the process alive; the engines' own handles would too, but the test must not depend on it.
setInterval(() => {}, 60_000)
await Effect.runPromise(Effect.scoped(program))
