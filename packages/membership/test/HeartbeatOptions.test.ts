import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"

import { HeartbeatMembership } from "../src/index.ts"
import { makeMemoryNetwork } from "../src/testing/index.ts"
import { isolated } from "./support/isolated.ts"

describe("options", () => {
  it.effect("are refused with a sentence that says what would be right", () =>
    isolated(
      Effect.gen(function* () {
        const good = { cluster: "test", self: "a", peers: [] }
        assert.strictEqual(yield* build(good), "accepted")
        assert.include(yield* build({ ...good, self: "a b" }), "a node id is 1 to 128 printable")
        assert.include(yield* build({ ...good, cluster: "" }), "a cluster name is 1 to 64")
        assert.include(yield* build({ ...good, peers: [{ id: "b" }, { id: "b" }] }), "peer b is listed twice")
        assert.include(yield* build({ ...good, deadAfter: Duration.seconds(1) }), "deadAfter must be longer")
        assert.include(yield* build({ ...good, interval: Duration.millis(1) }), "interval must be between")
        const many = Array.from({ length: 129 }, (_, index) => ({ id: `p${index}` }))
        assert.include(yield* build({ ...good, peers: many }), "128")
      })
    )
  )
})

const build = (options: Parameters<typeof HeartbeatMembership.layer>[0]) =>
  Effect.gen(function* () {
    const network = yield* makeMemoryNetwork
    const layer = HeartbeatMembership.layer(options).pipe(Layer.provide(network.layer("a")))
    const exit = yield* Effect.result(Layer.build(layer))
    return exit._tag === "Failure" ? exit.failure.message : "accepted"
  })
