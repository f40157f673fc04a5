import { requireEngine } from "@coterie/tools-engines"
import { assert, describe, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

import { LeaseStore } from "../../src/index.ts"
import { leaseStoreContract } from "../../src/testing/index.ts"
import { type LeaseEngine, leaseEngines } from "../support/leaseEngines.ts"

class Engine extends Context.Service<Engine, LeaseEngine>()(
  "@coterie/election/test/store/contract.integration.test/Engine"
) {}

for (const [engine, start] of leaseEngines) {
  const store = Layer.unwrap(Effect.map(Engine, (running) => running.store))
  describe.skipIf(!requireEngine(engine, `leases in ${engine}`).available)(`leases in ${engine}`, () => {
    layer(store.pipe(Layer.provideMerge(Layer.effect(Engine, Effect.orDie(start)))), {
      timeout: "60 seconds",
      excludeTestServices: true
    })((it) => {
      for (const { name, run } of leaseStoreContract) it.effect(name, () => run)

      it.effect("the engine itself refuses a write with an old token, and one after a release", () =>
        Effect.gen(function* () {
          const { guardedWrite } = yield* Engine
          const store = yield* LeaseStore
          const name = "guarded"
          const claim = { from: undefined, holder: "a#1", ttlMillis: 10_000, epochMin: 1 }
          const first = (yield* store.takeOver(name, claim)) ?? 0
          assert.isTrue(yield* guardedWrite(name, first))
          assert.isFalse(yield* guardedWrite(name, first + 1))
          const from = yield* store.read(name)
          const second =
            (yield* store.takeOver(name, { ...claim, from, holder: "b#1", epochMin: first + 1 })) ?? 0
          assert.isAbove(second, first)
          assert.isFalse(yield* guardedWrite(name, first))
          assert.isTrue(yield* guardedWrite(name, second))
          assert.isTrue(yield* store.release(name, { holder: "b#1", epoch: second }))
          assert.isFalse(yield* guardedWrite(name, second))
        })
      )
    })
  })
}
