import { Membership, PeerCalls, Swim, SwimMembership } from "@coterie/membership"
import { makeSwimMemoryNetwork } from "@coterie/membership/testing"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Redacted, References, Schedule } from "effect"

import { makeClusterKeyring } from "../src/ClusterKeyring.ts"
import { newSwimKey } from "../src/config/swimKey.ts"
import type { KeptKeyring } from "../src/keyringFile.ts"
import { makeOwnKeyring } from "../src/OwnKeyring.ts"

const first = newSwimKey()
const ids = ["a", "b", "c"] as const

/** Where a node keeps its keys. */
type Save = KeptKeyring["save"]
const kept: Save = () => Effect.void

/** Three members in memory that see each other; `saves` is where each keeps its keys. */
const startThree = Effect.fnUntraced(function* (saves: Partial<Record<string, Save>> = {}) {
  const network = yield* makeSwimMemoryNetwork
  const start = Effect.fnUntraced(function* (self: string) {
    const services = yield* SwimMembership.layer({
      cluster: "test",
      self,
      keys: [Redacted.make(first)],
      seeds: ["a"],
      settings: { gossipIntervalMillis: 20 }
    }).pipe(Layer.provide(network.layer(self)), Layer.build)
    const { keyring } = Context.get(services, Swim)
    if (keyring === undefined) return assert.fail("SWIM has keys")
    const membership = Context.get(services, Membership)
    const own = yield* makeOwnKeyring(keyring, { keys: [Redacted.make(first)], save: saves[self] ?? kept })
    const cluster = yield* makeClusterKeyring(own, membership, Context.get(services, PeerCalls))
    return { cluster, membership, own }
  })
  const [a, b, c] = [yield* start("a"), yield* start("b"), yield* start("c")]
  yield* Effect.repeat(
    Effect.forEach([a, b, c], ({ membership }) => membership.members),
    { until: (seen) => seen.every(({ length }) => length === 3), schedule: Schedule.spaced("10 millis") }
  )
  return { a, b, c, network }
})

const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, References.MinimumLogLevel, "None")

const install = () => ({ _tag: "install", key: Redacted.make(newSwimKey()) }) as const

describe("the keys of a cluster", () => {
  it.live("are rotated everywhere from one node", () =>
    quietly(
      Effect.gen(function* () {
        const { a, c } = yield* startThree()
        const [old] = yield* c.own.list
        const { keyId, rings } = yield* a.cluster.change(install())
        assert.deepStrictEqual(
          rings.map(({ detail, keys, node }) => [node, keys?.length, detail]),
          ids.map((id) => [id, 2, undefined])
        )
        yield* a.cluster.change({ _tag: "use", keyId })
        assert.deepStrictEqual(yield* c.own.list, [
          { keyId: old?.keyId ?? "", primary: false },
          { keyId, primary: true }
        ])
        yield* a.cluster.change({ _tag: "remove", keyId: old?.keyId ?? "" })
        for (const { keys } of yield* c.cluster.list) assert.deepStrictEqual(keys, [{ keyId, primary: true }])
      })
    )
  )

  it.live("are not changed where that would lock a member out", () =>
    quietly(
      Effect.gen(function* () {
        const { a, b } = yield* startThree()
        const [old] = yield* a.own.list
        const keyId = yield* a.own.change(install())
        const use = yield* Effect.flip(a.cluster.change({ _tag: "use", keyId }))
        assert.strictEqual(use.detail, `b, c would not understand key ${keyId}; install it first`)
        const remove = yield* Effect.flip(a.cluster.change({ _tag: "remove", keyId: old?.keyId ?? "" }))
        assert.strictEqual(remove.detail, `key ${old?.keyId} is in use on a, b, c; use another key first`)
        assert.lengthOf(yield* b.own.list, 1)
      })
    )
  )

  it.live("name a member that is silent, and wait for it before the next step", () =>
    quietly(
      Effect.gen(function* () {
        const { a, network } = yield* startThree()
        for (const other of ["a", "b"]) network.part(["c"], [other])
        const { keyId, rings } = yield* a.cluster.change(install())
        assert.deepStrictEqual(
          rings.map(({ keys }) => keys?.length),
          [2, 2, undefined]
        )
        assert.match(rings[2]?.detail ?? "", /^did not answer \(timeout\): /)
        const refused = yield* Effect.flip(a.cluster.change({ _tag: "use", keyId }))
        assert.strictEqual(refused.detail, "c did not answer, and may need another key")
      })
    )
  )

  it.live("stay as they were on a member that cannot keep them", () =>
    quietly(
      Effect.gen(function* () {
        const { a, b } = yield* startThree({ b: () => Effect.fail("the disk is full") })
        const before = yield* b.own.list
        const { rings } = yield* a.cluster.change(install())
        assert.strictEqual(rings[1]?.detail, "the disk is full")
        assert.deepStrictEqual(yield* b.own.list, before)
        const refused = yield* Effect.flip(b.cluster.change(install()))
        assert.strictEqual(refused.detail, "the disk is full")
        assert.deepStrictEqual(yield* b.own.list, before)
      })
    )
  )

  it.live("are removed at a second try where the first was not heard", () =>
    quietly(
      Effect.gen(function* () {
        // What a keeps is kept before the others are asked.
        let whenKept = Effect.void
        const { a, c, network } = yield* startThree({ a: () => whenKept })
        const [old] = yield* a.own.list
        const remove = { _tag: "remove", keyId: old?.keyId ?? "" } as const
        const { keyId } = yield* a.cluster.change(install())
        yield* a.cluster.change({ _tag: "use", keyId })
        whenKept = Effect.sync(() => {
          for (const other of ["a", "b"]) network.part(["c"], [other])
        })
        const first = yield* a.cluster.change(remove)
        assert.match(first.rings[2]?.detail ?? "", /^did not answer/)
        assert.lengthOf(yield* c.own.list, 2)
        whenKept = Effect.void
        network.heal()
        const again = yield* Effect.retry(a.cluster.change(remove), {
          schedule: Schedule.spaced("50 millis"),
          times: 100
        })
        assert.deepStrictEqual(
          again.rings.map(({ detail }) => detail),
          [undefined, undefined, undefined]
        )
        assert.deepStrictEqual(yield* c.own.list, [{ keyId, primary: true }])
      })
    )
  )

  it.live(
    "are not used or removed while a member is dead, unless by force",
    () =>
      quietly(
        Effect.gen(function* () {
          const { a, b, c, network } = yield* startThree()
          const [old] = yield* a.own.list
          const { keyId } = yield* a.cluster.change(install())
          for (const other of ["a", "b"]) network.part(["c"], [other])
          yield* Effect.forEach([a, b], ({ membership }) =>
            Effect.repeat(membership.members, {
              until: (seen) => seen.some(({ id, state }) => id === "c" && state === "dead"),
              schedule: Schedule.spaced("50 millis")
            })
          )
          const steps = [
            { _tag: "use", keyId },
            { _tag: "remove", keyId: old?.keyId ?? "" }
          ] as const
          for (const step of steps) {
            const before = yield* b.own.list
            const refused = yield* Effect.flip(a.cluster.change(step))
            assert.match(refused.detail, /^c would miss this while dead, .* repeat with --force$/)
            assert.deepStrictEqual(yield* b.own.list, before)
            yield* a.cluster.change(step, true)
          }
          assert.deepStrictEqual(yield* b.own.list, [{ keyId, primary: true }])
          assert.lengthOf(yield* c.own.list, 2)
        })
      ),
    30_000
  )

  it.live("are changed from one member at a time: a key is not removed beside its use", () =>
    quietly(
      Effect.gen(function* () {
        const { a, b, c } = yield* startThree()
        const { keyId } = yield* a.cluster.change(install())
        const outcomes = yield* Effect.all(
          [
            Effect.exit(a.cluster.change({ _tag: "use", keyId })),
            Effect.exit(b.cluster.change({ _tag: "remove", keyId }))
          ],
          { concurrency: "unbounded" }
        )
        const done = outcomes.filter(Exit.isSuccess)
        assert.isAtMost(done.length, 1)
        for (const { value } of done)
          assert.deepStrictEqual(
            value.rings.map(({ detail }) => detail),
            [undefined, undefined, undefined]
          )
        const rings = yield* Effect.forEach([a, b, c], ({ own }) => own.list)
        assert.deepStrictEqual(rings[1], rings[0])
        assert.deepStrictEqual(rings[2], rings[0])
      })
    )
  )

  it.live("are listed once for all who ask at the same time, and afresh after that", () =>
    quietly(
      Effect.gen(function* () {
        const { a } = yield* startThree()
        const [one, two] = yield* Effect.all([a.cluster.list, a.cluster.list], { concurrency: "unbounded" })
        assert.strictEqual(one, two)
        yield* a.cluster.change(install())
        for (const { keys } of yield* a.cluster.list) assert.lengthOf(keys ?? [], 2)
      })
    )
  )
})
