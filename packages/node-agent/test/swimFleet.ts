import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { Effect, Layer, Schedule } from "effect"

import { Agent } from "../src/Agent.ts"
import { configFrom } from "../src/config/loadConfig.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

type Blocks = Required<Pick<Parameters<typeof configFrom>[0], "election" | "membership">>

/** Starts agents `n1` to `n9` of one network in memory, each of which has the addresses of n1 and n2 as seeds. */
export const makeSwimFleet = Effect.gen(function* () {
  const network = yield* makeSwimMemoryNetwork
  const stateFolder = yield* temporaryFolder
  return Effect.fnUntraced(function* (id: string, { election, membership }: Blocks) {
    const config = yield* configFrom({
      cluster: "test",
      node: { id, stateFolder },
      api: { ops: "127.0.0.1:0" },
      peer: { listen: "127.0.0.1:0" },
      membership: { seeds: ["127.0.0.1:1", "127.0.0.1:2"], ...membership },
      election
    })
    const swimTransport = network.layer(`127.0.0.1:${id.slice(1)}`)
    return yield* Layer.build(Agent.layerWith({ config, swimTransport }))
  })
})

/** Looks until the value satisfies the condition; the test's own timeout ends it otherwise. */
export const eventually = <A, E>(look: Effect.Effect<A, E>, satisfies: (value: A) => boolean) =>
  Effect.repeat(look, { schedule: Schedule.spaced("10 millis"), until: satisfies })
