/** Whole nodes of SWIM without sockets, on a virtual clock that goes as fast as they can. */
import { Membership, SwimMembership, SwimTransport } from "@coterie/membership"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { Context, Effect, Layer, Logger, Redacted } from "effect"
import { TestClock } from "effect/testing"

import type { BenchmarkRow } from "../stopwatch.ts"

const nodes = 32
const virtualSeconds = 300
const key = Redacted.make(Buffer.alloc(32, "the key of a benchmark").toString("base64"))

/** CPU time per packet of nodes at rest, all of it: timers, core, codec, both ends and, when sealed, AES-256-GCM. */
export const nodeThroughput = (sealed: boolean): Promise<BenchmarkRow> =>
  Effect.runPromise(
    measure(sealed).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(TestClock.layer(), Logger.layer([]))))
  )

const measure = Effect.fnUntraced(function* (sealed: boolean) {
  const network = yield* makeSwimMemoryNetwork
  let packets = 0
  const transport = (address: string) =>
    Layer.effect(
      SwimTransport,
      Effect.map(network.endpoint(address), (inner) => ({
        ...inner,
        send: (to: string, packet: Uint8Array) => {
          packets += 1
          inner.send(to, packet)
        }
      }))
    )
  const trust = sealed ? { keys: [key] as const } : { plaintext: true }
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`)
  const started = yield* Effect.forEach(names, (self) =>
    Layer.build(
      SwimMembership.layer({ cluster: "bench", self, seeds: ["memory://n1"], ...trust }).pipe(
        Layer.provide(transport(`memory://${self}`))
      )
    )
  )
  yield* pass(60)
  for (const node of started) {
    const members = yield* Context.get(node, Membership).members
    const alive = members.filter(({ state }) => state === "alive").length
    if (alive !== nodes) return yield* Effect.die(`a node sees ${alive} of ${nodes} after a minute`)
  }
  packets = 0
  const before = process.cpuUsage()
  yield* pass(virtualSeconds)
  const { system, user } = process.cpuUsage(before)
  const what = `a packet between whole nodes, ${sealed ? "AES-256-GCM" : "plaintext"}`
  return { what, medianNanos: (1000 * (user + system)) / packets }
})

/** In small steps, or every node would think that its process stood still. */
const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds * 20 }), () => TestClock.adjust("50 millis"), { discard: true })
