import { describe, it } from "@effect/vitest"
import { Effect } from "effect"

import type { PeerCalls } from "../src/index.ts"
import { makeSwimMemoryNetwork, peerCallsContract, PeerCallsWorld } from "../src/testing/index.ts"
import { UdpTransport } from "../src/transport/udp.ts"
import { startCluster } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { startMeshed } from "./support/swimCluster.ts"

type Pair = Readonly<Record<"a" | "b", { readonly calls: PeerCalls["Service"] }>>

const ids = ["a", "b"] as const

const worlds = {
  "over heartbeats": Effect.map(startCluster(ids), ({ members }): Pair => members),
  "over SWIM in memory": Effect.flatMap(makeSwimMemoryNetwork, ({ layer }) => startMeshed(ids, layer)),
  "over SWIM in plaintext": Effect.flatMap(makeSwimMemoryNetwork, ({ layer }) =>
    startMeshed(ids, layer, { plaintext: true })
  ),
  "over SWIM on loopback": startMeshed(ids, () => UdpTransport.layer({ port: 0 }))
}

for (const [world, pair] of Object.entries(worlds)) {
  describe.concurrent(`calls ${world}`, () => {
    for (const { name, run } of peerCallsContract) {
      it.live(name, () =>
        isolated(
          Effect.flatMap(pair, ({ a, b }: Pair) =>
            Effect.provideService(run, PeerCallsWorld, {
              asker: { id: "a", calls: a.calls },
              answerer: { id: "b", calls: b.calls }
            })
          )
        )
      )
    }
  })
}
