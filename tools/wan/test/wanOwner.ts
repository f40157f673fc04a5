/** Starts a WAN, runs a process in it, prints its nodes and the hub's pid as JSON, and waits to be killed. */
import { Effect } from "effect"

import { startWan } from "../src/index.ts"
import { startEcho } from "./traffic.ts"

const program = Effect.gen(function* () {
  const wan = yield* startWan({ nodes: 2, rttMillis: 10 })
  yield* Effect.promise(() => startEcho(wan.node(0)))
  console.log(JSON.stringify({ nodes: wan.nodes, hubPid: wan.hubPid }))
  return yield* Effect.never
})

await Effect.runPromise(Effect.scoped(program))
