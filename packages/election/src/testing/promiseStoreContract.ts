/** What every layer of `PromiseStore` must do. Run each case over a fresh store; that promises survive a crash is each layer's own to show. */
import { Effect, Schema } from "effect"

import { PromiseStore, type PromiseStoreFailed } from "../PromiseStore.ts"

/** The store did not do what the contract asks. */
export class PromiseStoreContractBroken extends Schema.TaggedError<PromiseStoreContractBroken>()(
  "PromiseStoreContractBroken",
  {
    expected: Schema.Int,
    found: Schema.Int
  }
) {
  override get message(): string {
    return `expected the promise ${this.expected}, found ${this.found}`
  }
}

/** One promise of the port. */
export interface PromiseStoreCase {
  readonly name: string
  readonly run: Effect.Effect<void, PromiseStoreContractBroken | PromiseStoreFailed, PromiseStore>
}

const expectPromised = Effect.fnUntraced(function* (expected: number) {
  const store = yield* PromiseStore
  const found = yield* store.load
  if (found !== expected) return yield* new PromiseStoreContractBroken({ expected, found })
})

const save = (promised: number) => Effect.flatMap(PromiseStore, (store) => store.save(promised))

/** The promises of the port. */
export const promiseStoreContract: ReadonlyArray<PromiseStoreCase> = [
  {
    name: "a store that was never used holds 0",
    run: expectPromised(0)
  },
  {
    name: "what was saved is loaded, up to the largest number",
    run: Effect.forEach(
      [1, 2, 1000, Number.MAX_SAFE_INTEGER],
      (promised) => Effect.andThen(save(promised), expectPromised(promised)),
      { discard: true }
    )
  },
  {
    name: "a smaller promise changes nothing",
    run: Effect.forEach([7, 3, 0, 7], save, { discard: true }).pipe(Effect.andThen(expectPromised(7)))
  },
  {
    name: "of promises saved at the same time the largest stays",
    run: Effect.forEach([4, 9, 2, 8, 5], save, { concurrency: "unbounded", discard: true }).pipe(
      Effect.andThen(expectPromised(9))
    )
  }
]
