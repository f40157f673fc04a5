import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { LoadMetrics } from "../src/index.ts"
import { load } from "./support/loads.ts"

const snapshotOf = <E>(source: Effect.Effect<unknown, E>) =>
  Effect.flatMap(LoadMetrics, ({ snapshot }) => snapshot).pipe(Effect.provide(LoadMetrics.layerFrom(source)))

describe("LoadMetrics.layerFrom", () => {
  it.effect("passes good records on", () =>
    Effect.gen(function* () {
      const records = [load("1", { readsPerSecond: 3.5 }), load("2")]
      assert.deepStrictEqual(yield* snapshotOf(Effect.succeed(records)), records)
    })
  )

  const bad: ReadonlyArray<[string, unknown, string]> = [
    ["a load that is not a number", [load("1", { writesPerSecond: Number.NaN })], "writesPerSecond"],
    ["an infinite load", [load("1", { bytesStored: Infinity })], "bytesStored"],
    ["a negative load", [load("1", { readsPerSecond: -1 })], "readsPerSecond"],
    ["half a shard", [load("1", { shardsLed: 0.5 })], "shardsLed"],
    ["a cpu above 1", [load("1", { cpuUtilization: 95 })], "cpuUtilization"],
    ["a load in words", [{ ...load("1"), queriesPerSecond: "many" }], "queriesPerSecond"],
    ["a node id with spaces", [load("node one")], "node id"],
    ["two records of one node", [load("1"), load("1")], "one record per node"],
    [
      "more records than any cluster has nodes",
      Array.from({ length: 10_001 }, (_, i) => load(`n${i}`)),
      "10000"
    ],
    ["something else", "<html>502</html>", "array"],
    ["nothing", undefined, "array"]
  ]
  it.effect.each(bad)("refuses %s and says where", ([, value, where]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(snapshotOf(Effect.succeed(value)))
      assert.strictEqual(error._tag, "LoadMetricsUnavailable")
      assert.include(error.message, where)
      assert.isBelow(error.message.length, 1000)
    })
  )

  it.effect("says what the source said when it fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(snapshotOf(Effect.fail("connection refused")))
      assert.include(error.message, "connection refused")
    })
  )
})
