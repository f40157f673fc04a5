import { assert, it } from "@effect/vitest"
import { Effect, Metric, Redacted } from "effect"

import { counted } from "../../support/counted.ts"
import { driverAt, type Options } from "../../support/natsDrivers.ts"
import { clusterOf, type NatsFake, startNatsFake } from "../../support/natsFake.ts"

const skipped = (reason: string) => counted("nats_discovery_skipped_total", { reason })
const isolated = Effect.provideService(Metric.MetricRegistry, new Map())

const stream = (name: string, cluster: object | undefined, consumer_count = 0) => ({
  config: { name },
  state: { consumer_count },
  ...(cluster === undefined ? {} : { cluster })
})
const replicated = clusterOf("n2", { n1: {}, n3: {} })

/** Shows these streams, a few to a page. */
const show = (fake: NatsFake, streams: ReadonlyArray<object>, missing: ReadonlyArray<string> = []) => {
  fake.replies.set("$JS.API.STREAM.LIST", (payload) => {
    const { offset } = JSON.parse(payload) as { readonly offset: number }
    return { total: streams.length, offset, limit: 2, streams: streams.slice(offset, offset + 2), missing }
  })
}

const beside = Effect.fnUntraced(function* (options: Partial<Options> = {}) {
  const { fake } = yield* startNatsFake()
  return { fake, groups: yield* driverAt(`nats://${fake.address}`, options) }
})

it.live("groups are what has several replicas of which the local server is one, over all pages", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside()
    show(fake, [
      stream("LED", clusterOf("n1", { n2: {} })),
      stream("FOLLOWED", replicated),
      stream("ALONE", { leader: "n1" }),
      stream("ELSEWHERE", clusterOf("n2", { n3: {} })),
      stream("UNCLUSTERED", undefined),
      stream("LEADERLESS", clusterOf(undefined, { n1: {}, n2: {}, n3: {} }))
    ])
    assert.deepStrictEqual(yield* groups.list, ["stream/LED", "stream/FOLLOWED", "stream/LEADERLESS"])
    assert.strictEqual(fake.asked("$JS.API.STREAM.LIST"), 3)
  }).pipe(Effect.scoped)
)

it.live("replicated consumers are groups too, unless the options say otherwise", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside()
    show(fake, [stream("ORDERS", replicated, 2), stream("QUIET", replicated)])
    fake.replies.set("$JS.API.CONSUMER.LIST.ORDERS", {
      total: 2,
      consumers: [
        { name: "worker", cluster: replicated },
        { name: "alone", cluster: { leader: "n1" } }
      ]
    })
    assert.deepStrictEqual(yield* groups.list, ["stream/ORDERS", "stream/QUIET", "consumer/ORDERS/worker"])
    const only = yield* driverAt(`nats://${fake.address}`, { consumers: false })
    assert.deepStrictEqual(yield* only.list, ["stream/ORDERS", "stream/QUIET"])
  }).pipe(Effect.scoped)
)

it.live("the meta group is listed where there is a system account", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside({ system: { username: "sys", password: Redacted.make("") } })
    show(fake, [stream("ORDERS", replicated)])
    assert.deepStrictEqual(yield* groups.list, ["meta", "stream/ORDERS"])
  }).pipe(Effect.scoped)
)

it.live("a stream that says nothing in time stays in the list, with its consumers, but is not added", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside()
    show(fake, [stream("ORDERS", replicated, 1)])
    fake.replies.set("$JS.API.CONSUMER.LIST.ORDERS", {
      total: 1,
      consumers: [{ name: "worker", cluster: replicated }]
    })
    const before = yield* groups.list
    show(fake, [], ["ORDERS", "STRANGER"])
    assert.deepStrictEqual(yield* groups.list, before)
    show(fake, [])
    assert.deepStrictEqual(yield* groups.list, [])
  }).pipe(Effect.scoped)
)

it.live("a group that is not there is UnknownGroup, with the known ones", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside()
    show(fake, [stream("ORDERS", replicated)])
    const error = { code: 404, err_code: 10059, description: "stream not found" }
    fake.replies.set("$JS.API.STREAM.INFO.NONE", { error })
    const { reason } = yield* Effect.flip(groups.status("stream/NONE"))
    assert.deepInclude(reason, { _tag: "UnknownGroup", known: ["stream/ORDERS"] })
  }).pipe(Effect.scoped)
)

it.live("what is too much or cannot be named is left out and counted", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside({ groupsMax: 2 })
    show(fake, [
      stream("A.B", replicated),
      ...["A", "B", "C", "D", "E", "F"].map((name) => stream(name, replicated))
    ])
    assert.deepStrictEqual(yield* groups.list, ["stream/A", "stream/B"])
    assert.strictEqual(yield* skipped("malformed"), 1)
    assert.isAbove(yield* skipped("over_limit"), 0)
    assert.isBelow(fake.asked("$JS.API.STREAM.LIST"), 4, "further pages are not read")
  }).pipe(isolated, Effect.scoped)
)

it.live("an error of JetStream's is the list's, and a total that never comes true ends", () =>
  Effect.gen(function* () {
    const { fake, groups } = yield* beside()
    fake.replies.set("$JS.API.STREAM.LIST", { error: { code: 503, err_code: 10008 } })
    assert.strictEqual((yield* Effect.flip(groups.list)).reason._tag, "Unavailable")
    fake.replies.set("$JS.API.STREAM.LIST", { total: 1_000_000, streams: null })
    assert.deepStrictEqual(yield* groups.list, [])
  }).pipe(Effect.scoped)
)
