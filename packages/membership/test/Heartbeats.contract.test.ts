import { describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"

import { Heartbeats, Membership, PeerCalls, Swim, SwimHeartbeats } from "../src/index.ts"
import {
  heartbeatsContract,
  HeartbeatsWorld,
  makeMemoryNetwork,
  makeSwimMemoryNetwork
} from "../src/testing/index.ts"
import { UdpTransport } from "../src/transport/udp.ts"
import { addressOf, startMember } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { startMeshed, type SwimMember } from "./support/swimCluster.ts"

const ids = ["a", "b"] as const

const timing = { interval: Duration.millis(100), deadAfter: Duration.seconds(1) }

const overHttp = Effect.gen(function* () {
  const network = yield* makeMemoryNetwork
  const peers = ids.map((id) => ({ id, address: addressOf(id) }))
  const [one, other] = [
    yield* startMember(network, { cluster: "test", self: "a", peers, ...timing }),
    yield* startMember(network, { cluster: "test", self: "b", peers, ...timing })
  ]
  return { one: one.heartbeats, other: other.heartbeats }
})

/** Heartbeats on top of a SWIM member. */
const beatsOf = ({ calls, membership, swim }: SwimMember) =>
  Layer.build(SwimHeartbeats.layer({ voters: ids, ...timing })).pipe(
    Effect.map((context) => Context.get(context, Heartbeats)),
    Effect.provideService(Membership, membership),
    Effect.provideService(PeerCalls, calls),
    Effect.provideService(Swim, swim)
  )

const overSwim = Effect.fnUntraced(function* ({ a, b }: Record<(typeof ids)[number], SwimMember>) {
  return { one: yield* beatsOf(a), other: yield* beatsOf(b) }
})

const worlds = {
  "over HTTP": overHttp,
  "over SWIM in memory": Effect.flatMap(makeSwimMemoryNetwork, ({ layer }) =>
    Effect.flatMap(startMeshed(ids, layer), overSwim)
  ),
  "over SWIM on loopback": Effect.flatMap(
    startMeshed(ids, () => UdpTransport.layer({ port: 0 })),
    overSwim
  )
}

for (const [where, world] of Object.entries(worlds)) {
  describe.concurrent(`heartbeats ${where}`, () => {
    for (const { name, run } of heartbeatsContract) {
      it.live(name, () =>
        isolated(
          Effect.flatMap(world as typeof overHttp, (pair) =>
            Effect.provideService(run, HeartbeatsWorld, pair)
          )
        )
      )
    }
  })
}
