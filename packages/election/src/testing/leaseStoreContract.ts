/**
 * What every layer of `LeaseStore` must do. Run each case with the store as a service; cases use names of their own, so they may share one.
 */
import { Effect, Random, Schema } from "effect"

import { LeaseStore, type LeaseStoreError } from "../LeaseStore.ts"

/** The store did not do what the contract asks. */
export class LeaseStoreContractBroken extends Schema.TaggedError<LeaseStoreContractBroken>()(
  "LeaseStoreContractBroken",
  {
    expected: Schema.String,
    found: Schema.String
  }
) {
  override get message(): string {
    return `expected ${this.expected}, found ${this.found}`
  }
}

/** One promise of the port. */
export interface LeaseStoreCase {
  readonly name: string
  readonly run: Effect.Effect<void, LeaseStoreContractBroken | LeaseStoreError, LeaseStore>
}

const ttlMillis = 30_000

const expect = (condition: boolean, expected: string, found: unknown) =>
  condition
    ? Effect.void
    : Effect.fail(new LeaseStoreContractBroken({ expected, found: JSON.stringify({ found }) }))

/** A lease of a fresh name, and the calls on it. */
const freshLease = Effect.gen(function* () {
  const store = yield* LeaseStore
  const name = `contract ${yield* Random.nextInt} ${yield* Random.nextInt}`
  return leaseNamed(store, name)
})

const leaseNamed = (store: LeaseStore["Service"], name: string) => {
  const read = store.read(name)
  const claim = (holder: string) =>
    Effect.map(read, (from) => ({ from, holder, ttlMillis, epochMin: (from?.epoch ?? 0) + 1 }))
  return {
    read,
    claim,
    takeOver: (from: Effect.Success<ReturnType<typeof claim>>) => store.takeOver(name, from),
    /** Takes the lease as it is now, which must succeed. */
    taken: (holder: string) =>
      Effect.flatMap(claim(holder), (from) => store.takeOver(name, from)).pipe(
        Effect.filterOrFail(
          (epoch) => epoch !== undefined,
          () => new LeaseStoreContractBroken({ expected: "to take it over", found: "a refusal" })
        )
      ),
    renew: (holder: string, epoch: number) => store.renew(name, { holder, epoch }),
    release: (holder: string, epoch: number) => store.release(name, { holder, epoch })
  }
}

/** Tells one state of a lease from every other. */
const stamp = (lease: { readonly epoch: number; readonly seq: number } | undefined): string =>
  lease === undefined ? "none" : `${lease.epoch}/${lease.seq}`

const taking: ReadonlyArray<LeaseStoreCase> = [
  {
    name: "a lease that was never taken has no holder",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const found = yield* lease.read
      yield* expect(found?.holder === undefined, "no holder", found)
    })
  },
  {
    name: "a take-over is read by all: holder, epoch and time to live",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const epoch = yield* lease.taken("a#1")
      const found = yield* lease.read
      yield* expect(
        found?.holder === "a#1" && found.epoch === epoch && found.ttlMillis === ttlMillis && epoch >= 1,
        `a#1 with epoch ${epoch} for ${ttlMillis} ms`,
        found
      )
    })
  },
  {
    name: "of many take-overs of one state, at the same time, one succeeds",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      for (const round of [1, 2, 3]) {
        const claims = yield* Effect.forEach(["a", "b", "c", "d", "e", "f"], (id) =>
          lease.claim(`${id}#${round}`)
        )
        const epochs = yield* Effect.forEach(claims, lease.takeOver, { concurrency: "unbounded" })
        const winners = claims.filter((_, index) => epochs[index] !== undefined)
        yield* expect(winners.length === 1, "one winner", winners)
        const found = yield* lease.read
        yield* expect(found?.holder === winners[0]?.holder, `${winners[0]?.holder}`, found)
      }
    })
  },
  {
    name: "a lease that was renewed, released or taken since it was read is not taken over",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const unheld = yield* lease.claim("b#1")
      const epoch = yield* lease.taken("a#1")
      const unrenewed = yield* lease.claim("b#1")
      const refused = (claim: typeof unheld) =>
        Effect.flatMap(lease.takeOver(claim), (taken) => expect(taken === undefined, "a refusal", taken))
      yield* refused(unheld)
      yield* lease.renew("a#1", epoch)
      yield* refused(unrenewed)
      const held = yield* lease.claim("b#1")
      yield* lease.release("a#1", epoch)
      yield* refused(unrenewed)
      yield* refused(held)
      const found = yield* lease.read
      yield* expect(found?.holder === undefined, "no holder", found)
    })
  },
  {
    name: "epochs rise with every take-over, of a free lease and of a held one",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const epochs: Array<number> = []
      for (const holder of ["a#1", "b#1", "a#1", "c#1"]) {
        const epoch = yield* lease.taken(holder)
        epochs.push(epoch)
        if (holder === "a#1") yield* lease.release(holder, epoch)
      }
      yield* expect(
        epochs.every((epoch, index) => index === 0 || epoch > (epochs[index - 1] ?? epoch)),
        "rising epochs",
        epochs
      )
    })
  }
]

const holding: ReadonlyArray<LeaseStoreCase> = [
  {
    name: "every change of a lease is seen by whoever reads it: no state comes twice",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const stamps: Array<string> = []
      const look = Effect.map(lease.read, (found) => stamps.push(stamp(found)))
      const epoch = yield* lease.taken("a#1")
      yield* look
      for (let times = 0; times < 3; times++) {
        yield* lease.renew("a#1", epoch)
        yield* look
      }
      yield* lease.release("a#1", epoch)
      yield* look
      yield* lease.taken("a#1")
      yield* look
      yield* expect(new Set(stamps).size === stamps.length, "states that differ", stamps)
    })
  },
  {
    name: "a renewal leaves holder, epoch and time to live",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const epoch = yield* lease.taken("a#1")
      const renewed = yield* lease.renew("a#1", epoch)
      yield* expect(renewed, "the renewal to be done", renewed)
      const found = yield* lease.read
      yield* expect(
        found?.holder === "a#1" && found.epoch === epoch && found.ttlMillis === ttlMillis,
        `a#1 with epoch ${epoch}`,
        found
      )
    })
  },
  {
    name: "reading changes nothing",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      yield* lease.taken("a#1")
      const [first, second] = [stamp(yield* lease.read), stamp(yield* lease.read)]
      yield* expect(first === second, first, second)
    })
  },
  {
    name: "only the holder renews and releases, and only under its epoch",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const epoch = yield* lease.taken("a#1")
      const before = stamp(yield* lease.read)
      const strangers = [
        ["b#1", epoch],
        ["a#2", epoch],
        ["a#1", epoch + 1]
      ] as const
      for (const [holder, claimed] of strangers) {
        const done = [yield* lease.renew(holder, claimed), yield* lease.release(holder, claimed)]
        yield* expect(!done.includes(true), `refusals for ${holder} in ${claimed}`, done)
      }
      const after = stamp(yield* lease.read)
      yield* expect(before === after, before, after)
    })
  },
  {
    name: "who was taken over from neither renews nor releases, also when it takes the lease again",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const old = yield* lease.taken("a#1")
      for (const holder of ["b#1", "a#1"]) {
        yield* lease.taken(holder)
        const done = [yield* lease.renew("a#1", old), yield* lease.release("a#1", old)]
        yield* expect(!done.includes(true), "refusals for the old epoch", done)
        const found = yield* lease.read
        yield* expect(found?.holder === holder, holder, found)
      }
    })
  },
  {
    name: "a released lease has no holder and is not renewed",
    run: Effect.gen(function* () {
      const lease = yield* freshLease
      const epoch = yield* lease.taken("a#1")
      const released = yield* lease.release("a#1", epoch)
      yield* expect(released, "the release to be done", released)
      const found = yield* lease.read
      yield* expect(found?.holder === undefined, "no holder", found)
      const done = [yield* lease.renew("a#1", epoch), yield* lease.release("a#1", epoch)]
      yield* expect(!done.includes(true), "refusals after the release", done)
    })
  }
]

const naming: ReadonlyArray<LeaseStoreCase> = [
  {
    name: "leases of different names are apart, whatever characters the names have",
    run: Effect.gen(function* () {
      const store = yield* LeaseStore
      const run = yield* Random.nextInt
      const names = ["a", "a/b", "A", "it's; --", '"q"', "%", "ключ 鍵", "x".repeat(200)].map(
        (name) => `${name} ${run}`
      )
      const leases = names.map((name) => leaseNamed(store, name))
      for (const [index, lease] of leases.entries()) yield* lease.taken(`holder ${index}#1`)
      for (const [index, lease] of leases.entries()) {
        const found = yield* lease.read
        yield* expect(found?.holder === `holder ${index}#1`, `holder ${index}#1`, found)
      }
    })
  }
]

/** The promises of the port: taking leases over, holding them, and telling them apart. */
export const leaseStoreContract: ReadonlyArray<LeaseStoreCase> = [...taking, ...holding, ...naming]
