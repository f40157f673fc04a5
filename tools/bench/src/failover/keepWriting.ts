/** A leader that never stops writing to fenced resources, with time for a fault between each check and its write. */
import { Election } from "@coterie/election"
import { Duration, Effect, Random } from "effect"

import { FencedKey } from "./fencedKey.ts"
import { FencedRow } from "./fencedRow.ts"
import type { FencedResources } from "./settings.ts"

/** Writes both resources, each in a loop of its own, whenever this node leads. */
export const keepWriting = ({ etcdUrl, rowFile }: FencedResources) => {
  const row = new FencedRow(rowFile)
  const key = new FencedKey(etcdUrl)
  return Effect.all(
    [
      writing((holder, token) => Effect.sync(() => row.write(holder, token))),
      // Without an answer it is for the key's history to tell whether it was written.
      writing((holder, token) => Effect.ignore(Effect.tryPromise(() => key.write(holder, token))))
    ],
    { concurrency: "unbounded", discard: true }
  )
}

const writing = Effect.fnUntraced(function* (
  write: (holder: string, token: number) => Effect.Effect<unknown>
) {
  const { isLeader, leadership, self } = yield* Election
  const once = Effect.gen(function* () {
    const { term } = yield* leadership
    if (!(yield* isLeader)) return
    yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 20)))
    yield* write(self, term)
  })
  return yield* Effect.forever(Effect.delay(once, "5 millis"))
})
