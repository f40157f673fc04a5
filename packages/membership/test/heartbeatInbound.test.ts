import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"

import { makeMemoryNetwork, sampleBeat } from "../src/testing/index.ts"
import { addressOf, startCluster, startMember, states } from "./support/cluster.ts"
import { isolated } from "./support/isolated.ts"
import { metric } from "./support/metric.ts"

describe("who may speak", () => {
  it.effect("an id outside the list is refused, counted, and never becomes a member", () =>
    isolated(
      Effect.gen(function* () {
        const { network, peers, members } = yield* startCluster(["a", "b"])
        const options = { cluster: "test", self: "x", advertise: addressOf("x"), peers }
        const stranger = yield* startMember(network, options)
        const error = yield* Effect.flip(stranger.membership.join([addressOf("a")]))
        assert.include(error.message, "x is not among the configured members of a")
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(Object.keys(yield* states(members.a)), ["a", "b"])
        assert.isAbove(yield* metric("heartbeat_refused_total", { reason: "unknown_sender" }), 3)
      })
    )
  )

  it.effect("two clusters that share their addresses refuse each other and say why", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const peers = ["a", "b"].map((id) => ({ id, address: addressOf(id) }))
        const a = yield* startMember(network, { cluster: "red", self: "a", peers })
        const b = yield* startMember(network, { cluster: "blue", self: "b", peers })
        const error = yield* Effect.flip(a.membership.join([addressOf("b")]))
        assert.include(error.message, "this is b of cluster blue; the sender belongs to red")
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* states(a), { a: "alive", b: "dead" })
        assert.deepStrictEqual(yield* states(b), { a: "dead", b: "alive" })
        assert.isAbove(yield* metric("heartbeat_refused_total", { reason: "wrong_cluster" }), 5)
        assert.isAbove(yield* metric("heartbeat_loop_errors_total", { kind: "refused_wrong_cluster" }), 5)
      })
    )
  )

  it.effect("a straggling beat of a run that said goodbye is refused, and no rider hears of it", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const a = yield* startMember(network, { cluster: "contract", self: "b", peers: [{ id: "a" }] })
        const peer = yield* network.endpoint("peer")
        const heard: Array<string> = []
        yield* a.heartbeats.ride({
          name: "log",
          request: () => Effect.succeed(null),
          onTick: Effect.void,
          onBeat: (from) => Effect.sync(() => void heard.push(from)),
          onReply: () => Effect.void
        })
        const { metadata: _, riders: __, ...envelope } = sampleBeat()
        assert.strictEqual((yield* peer.send(addressOf("b"), sampleBeat()))._tag, "Beat")
        assert.strictEqual(
          (yield* peer.send(addressOf("b"), { ...envelope, _tag: "Goodbye" }))._tag,
          "Farewell"
        )
        assert.include(yield* peer.send(addressOf("b"), sampleBeat()), { _tag: "Refusal", reason: "left" })
        assert.deepStrictEqual(heard, ["a"])
      })
    )
  )

  it.effect("a second node with the same id is refused", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        yield* startMember(network, { cluster: "test", self: "a", peers: [] })
        const twin = yield* startMember(network, { cluster: "test", self: "a", peers: [] }, addressOf("a2"))
        const error = yield* Effect.flip(twin.membership.join([addressOf("a")]))
        assert.include(error.message, "give each node an id of its own")
        assert.strictEqual(yield* metric("heartbeat_refused_total", { reason: "own_id" }), 1)
      })
    )
  )

  it.effect("another member answering at a peer's address proves nothing about the peer", () =>
    isolated(
      Effect.gen(function* () {
        const network = yield* makeMemoryNetwork
        const peers = [
          { id: "b", address: addressOf("c") },
          { id: "c", address: addressOf("c") }
        ]
        const a = yield* startMember(network, { cluster: "test", self: "a", peers })
        yield* startMember(network, { cluster: "test", self: "c", peers: [{ id: "a" }] })
        yield* TestClock.adjust("6 seconds")
        assert.deepStrictEqual(yield* states(a), { a: "alive", b: "dead", c: "alive" })
        assert.isAbove(yield* metric("heartbeat_loop_errors_total", { kind: "wrong_peer" }), 3)
      })
    )
  )
})
