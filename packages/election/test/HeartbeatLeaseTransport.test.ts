import { type HeartbeatRider, Heartbeats, PeerCalls } from "@coterie/membership"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, type Schema } from "effect"
import { TestClock } from "effect/testing"

import type { LeaseMessage } from "../src/core/leaseMessages.ts"
import { electionConfig } from "../src/core/otherConfigs.ts"
import { HeartbeatLeaseTransport, LeaseTransport } from "../src/index.ts"
import { counted } from "./support/counted.ts"
import { present } from "./support/present.ts"

const config = electionConfig(["a", "b", "c"], "leased 4000 ms")
const query: LeaseMessage = {
  _tag: "Request",
  kind: "query",
  epoch: 0,
  sentAtMillis: 1,
  config
}
const release: LeaseMessage = { _tag: "Release", epoch: 3, reserveFor: null }

/** Node a between heartbeats and calls that the test makes by hand; `onRound` and `onMessage` are the election's. */
const transportOf = Effect.fnUntraced(function* (election: {
  readonly onRound?: (send: LeaseTransport["Service"]["send"]) => Effect.Effect<void>
  readonly onMessage?: (send: LeaseTransport["Service"]["send"], from: string) => Effect.Effect<void>
}) {
  const { onMessage = () => Effect.void, onRound = () => Effect.void } = election
  const called: Array<string> = []
  const received: Array<LeaseMessage> = []
  const configs: Array<string> = []
  const riders = new Map<string, HeartbeatRider>()
  const heartbeats = Layer.succeed(Heartbeats, {
    self: "a",
    configured: ["a", "b", "c"],
    intervalMillis: 1000,
    deadAfterMillis: 4000,
    ride: (taken) => Effect.sync(() => void riders.set(taken.name, taken))
  })
  const calls = Layer.succeed(PeerCalls, {
    addressOf: () => Effect.succeed(undefined),
    call: (peer, { payload }) =>
      Effect.sync((): Schema.Json => {
        called.push(`${peer} ${(payload as ReadonlyArray<LeaseMessage>).map(({ _tag }) => _tag).join()}`)
        return []
      }),
    answer: () => Effect.void
  })
  const built = yield* Layer.build(HeartbeatLeaseTransport.layer.pipe(Layer.provide([heartbeats, calls])))
  const transport = Context.get(built, LeaseTransport)
  yield* transport.attach({
    onRound: onRound((to, message) => transport.send(to, message)),
    onMessage: (from, message) =>
      Effect.andThen(
        Effect.sync(() => received.push(message)),
        onMessage((to, answer) => transport.send(to, answer), from)
      ),
    config,
    onConfig: (from, heard) => Effect.sync(() => void configs.push(`${from} ${heard}`))
  })
  const riderOf = (name: string) => present(riders.get(name))
  return {
    transport,
    rider: riderOf("lease"),
    configRider: riderOf("election.config"),
    called,
    received,
    configs
  }
})

const sendBoth = (send: LeaseTransport["Service"]["send"]) =>
  Effect.andThen(send("b", query), send("c", query))

describe("HeartbeatLeaseTransport", () => {
  it.effect("what is sent as a round begins rides on its beats, without a call", () =>
    Effect.gen(function* () {
      const { called, rider } = yield* transportOf({ onRound: sendBoth })
      assert.deepStrictEqual(yield* rider.request("b"), [query])
      assert.deepStrictEqual(yield* rider.request("c"), [query])
      yield* rider.onTick
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, [])
    })
  )

  it.effect("what no beat took along goes out by itself, also in a round without beats", () =>
    Effect.gen(function* () {
      const { called, rider } = yield* transportOf({ onRound: sendBoth })
      yield* rider.request("b")
      yield* rider.onTick
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, ["c Request"])
      yield* rider.onTick
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, ["c Request", "b Request", "c Request"])
    })
  )

  it.effect("between rounds a message goes out at once, also after a beat that came late for its round", () =>
    Effect.gen(function* () {
      const { called, rider, transport } = yield* transportOf({})
      yield* transport.send("b", release)
      yield* rider.onTick
      yield* rider.request("c")
      yield* transport.send("b", release)
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, ["b Release", "b Release"])
    })
  )

  it.effect("what is sent while a beat is handled rides back to its sender; the rest goes out", () =>
    Effect.gen(function* () {
      const { called, rider } = yield* transportOf({ onMessage: (send) => sendBoth(send) })
      assert.deepStrictEqual(yield* rider.onBeat("b", [release]), [query])
      yield* Effect.yieldNow
      assert.deepStrictEqual(called, ["c Request"])
    })
  )

  it.effect("what cannot be read is counted and changes nothing", () =>
    Effect.gen(function* () {
      const unreadable: ReadonlyArray<Schema.Json> = [
        "text",
        [{ ...release, epoch: -1 }],
        [{ ...release, epoch: 2 ** 52 + 1 }],
        [{ ...release, epoch: 1.5 }],
        [{ ...release, reserveFor: "two words" }],
        [{ ...query, kind: "steal" }],
        [{ ...query, config: "4000 a b c" }],
        [{ ...query, config: config.padEnd(66) }],
        [{ _tag: "Other" }],
        Array.from({ length: 9 }, () => release)
      ]
      const { received, rider } = yield* transportOf({})
      const before = yield* counted("election_lease_messages_dropped_total", { reason: "unreadable" })
      for (const payload of unreadable) yield* rider.onBeat("b", payload)
      assert.deepStrictEqual(received, [])
      const after = yield* counted("election_lease_messages_dropped_total", { reason: "unreadable" })
      assert.strictEqual(after - before, unreadable.length)
      yield* rider.onBeat("b", [{ ...release, epoch: 2 ** 52 }])
      assert.lengthOf(received, 1)
    })
  )

  it.effect("a peer that cannot be reached keeps at most eight messages waiting", () =>
    Effect.gen(function* () {
      const { rider } = yield* transportOf({
        onRound: (send) =>
          Effect.forEach(Array.from({ length: 12 }), () => send("b", release), { discard: true })
      })
      const before = yield* counted("election_lease_messages_dropped_total", { reason: "outbox_full" })
      assert.lengthOf((yield* rider.request("b")) as ReadonlyArray<unknown>, 8)
      const after = yield* counted("election_lease_messages_dropped_total", { reason: "outbox_full" })
      assert.strictEqual(after - before, 4)
    })
  )

  it.effect("tells everybody what is configured, strangers again only after a while, and hears of them", () =>
    Effect.gen(function* () {
      const { configRider, configs } = yield* transportOf({})
      assert.strictEqual(configRider.audience, "everybody")
      const other = electionConfig(["d", "e"], "leased 4000 ms")
      for (const peer of ["b", "d"]) {
        assert.strictEqual(yield* configRider.request(peer), config)
        yield* configRider.onReply(peer, other)
      }
      assert.strictEqual(yield* configRider.request("b"), config)
      assert.isUndefined(yield* configRider.request("d"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* configRider.request("d"), config)
      assert.strictEqual(yield* configRider.onBeat("e", other), config)
      assert.isUndefined(yield* configRider.onBeat("e", undefined))
      assert.deepStrictEqual(configs, [`b ${other}`, `d ${other}`, `e ${other}`])
    })
  )

  it.effect("counts what is no configuration", () =>
    Effect.gen(function* () {
      const { configRider, configs } = yield* transportOf({})
      const before = yield* counted("election_configs_unreadable_total", {})
      for (const payload of [7, "", "a b c", { config }, config.padEnd(66)])
        yield* configRider.onBeat("d", payload)
      assert.strictEqual((yield* counted("election_configs_unreadable_total", {})) - before, 5)
      assert.deepStrictEqual(configs, [])
    })
  )
})
