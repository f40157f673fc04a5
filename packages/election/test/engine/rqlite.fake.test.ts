import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { startRqliteFake } from "../../src/testing/index.ts"
import { rqliteTraps } from "../support/rqliteTraps.ts"

describe.concurrent("the fake of rqlite behaves as the server does", () => {
  for (const { name, run } of rqliteTraps) {
    it.live(name, () =>
      Effect.gen(function* () {
        const fake = yield* startRqliteFake()
        yield* run({ urls: new Map(["1", "2", "3", "4"].map((id) => [id, fake.url(id)])), nonVoter: "4" })
      }).pipe(Effect.scoped)
    )
  }

  it.live("a killed node comes back on its port", () =>
    Effect.gen(function* () {
      const fake = yield* startRqliteFake()
      yield* fake.kill("2")
      const url = fake.url("2")
      assert.isTrue(
        yield* Effect.isFailure(Effect.tryPromise({ try: () => fetch(`${url}/status`), catch: String }))
      )
      yield* fake.revive("2")
      assert.strictEqual((yield* Effect.promise(() => fetch(`${url}/status`))).status, 200)
    }).pipe(Effect.scoped)
  )
})
