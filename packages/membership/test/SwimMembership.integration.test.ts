import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"

import { Membership, type SwimTransport } from "../src/index.ts"
import { makeSwimMemoryNetwork, membershipContract } from "../src/testing/index.ts"
import { UdpTransport } from "../src/transport/udp.ts"
import { isolated } from "./support/isolated.ts"
import { eventually, startMeshed, statesOf } from "./support/swimCluster.ts"

/** Three members that see each other. */
const startThree = <E>(transport: (id: string) => Layer.Layer<SwimTransport, E>) =>
  startMeshed(["a", "b", "c"], transport)

describe("SwimMembership keeps the Membership contract", () => {
  for (const { name, run } of membershipContract) {
    it.live(`in memory: ${name}`, () =>
      isolated(
        Effect.gen(function* () {
          const network = yield* makeSwimMemoryNetwork
          const { b } = yield* startThree(network.layer)
          yield* Effect.provideService(run, Membership, b.membership)
        })
      )
    )
    it.live(`over UDP: ${name}`, () =>
      isolated(
        Effect.gen(function* () {
          const { b } = yield* startThree(() => UdpTransport.layer({ port: 0 }))
          yield* Effect.provideService(run, Membership, b.membership)
        })
      )
    )
  }
})

describe("SwimMembership over UDP", () => {
  it.live("finds a killed member dead and says who found out", () =>
    isolated(
      Effect.gen(function* () {
        const { a, b, c } = yield* startThree(() => UdpTransport.layer({ port: 0 }))
        yield* c.kill
        for (const member of [a, b]) {
          yield* eventually(Effect.map(statesOf(member), (seen) => seen["c"] === "dead"))
        }
        const explanation = yield* a.swim.explain("c")
        assert.match(explanation?.reason ?? "", /^given up by [ab], /)
      })
    )
  )
})
