import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { makeSwimMemoryNetwork, swimTransportContract, SwimTransportWorld } from "../../src/testing/index.ts"

describe("the SWIM network in memory keeps the transport contract", () => {
  for (const { name, run } of swimTransportContract) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const network = yield* makeSwimMemoryNetwork
        let count = 0
        const endpoint = Effect.suspend(() => network.endpoint(`memory://${(count += 1)}`))
        yield* Effect.provideService(run, SwimTransportWorld, { endpoint, deadAddress: "memory://nobody" })
      })
    )
  }
})
