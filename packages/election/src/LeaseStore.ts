/**
 * The port to one lease per election, kept where every contender can reach it and changed only by compare-and-set.
 *
 * A store keeps no time: nobody's lease ends by its clock. Contenders watch (epoch, seq) change and judge by their own. That is why a
 * store needs no more than linearizable compare-and-set.
 */
import { Context, Effect, Layer, Ref, Schema } from "effect"

import { ProtocolViolation, TimedOut, Unauthorized, Unavailable } from "./ConsensusGroups.ts"
import type { Lease } from "./core/leaseContenderState.ts"

/** A call to a lease store failed. After a failed change it is unknown whether it was made: read the lease to find out. */
export class LeaseStoreError extends Schema.TaggedError<LeaseStoreError>()("LeaseStoreError", {
  store: Schema.String,
  operation: Schema.Literals(["open", "read", "takeOver", "renew", "release"]),
  reason: Schema.Union([Unavailable, TimedOut, Unauthorized, ProtocolViolation])
}) {
  override get message(): string {
    return `${this.operation} of a lease in ${this.store}: ${this.reason.message}`
  }
}

/** A claim on a lease that is free, or whose holder is given up. */
export interface TakeOver {
  /** The lease as last read: it is taken only if (epoch, seq) are still the same. Undefined when there was none. */
  readonly from: Lease | undefined
  /** Who takes it; 1 to 512 characters, none of them a control character. */
  readonly holder: string
  /** For how long a renewal will make the holder lead; what others wait for. 1 ms to a day. */
  readonly ttlMillis: number
  /** The new epoch is at least this, in stores that choose epochs freely; must be above `from.epoch`. */
  readonly epochMin: number
}

/** Who holds a lease, by what the holder called itself when it took it. */
export interface Holder {
  readonly holder: string
  readonly epoch: number
}

/** Leases by name (1 to 256 characters). Calls are linearizable, each happens whole or not at all, and each ends within a deadline. */
export class LeaseStore extends Context.Service<
  LeaseStore,
  {
    /** Which store, such as "rqlite". */
    readonly system: string
    /** The lease as of now; undefined, or without a holder, when nobody holds it. */
    read(name: string): Effect.Effect<Lease | undefined, LeaseStoreError>
    /** Takes the lease with an epoch above all before; returns the epoch, or undefined when the lease is not as supposed. */
    takeOver(name: string, claim: TakeOver): Effect.Effect<number | undefined, LeaseStoreError>
    /** Changes `seq`; false when somebody else, nobody, or another epoch holds the lease. */
    renew(name: string, by: Holder): Effect.Effect<boolean, LeaseStoreError>
    /** Frees the lease for whoever reads it next; false as for `renew`. */
    release(name: string, by: Holder): Effect.Effect<boolean, LeaseStoreError>
  }
>()("@coterie/election/LeaseStore") {
  /** Leases in this process, for tests and demos: contenders share the one layer. */
  static readonly layerMemory: Layer.Layer<LeaseStore> = Layer.effect(
    LeaseStore,
    Effect.map(Ref.make<ReadonlyMap<string, Lease>>(new Map()), (leases) => {
      const change = <A>(name: string, from: (lease: Lease | undefined) => readonly [A, Lease | undefined]) =>
        Ref.modify(leases, (all) => {
          const [answer, lease] = from(all.get(name))
          return [answer, lease === undefined ? all : new Map([...all, [name, lease]])]
        })
      const changeOwn = (name: string, by: Holder, next: Partial<Lease>) =>
        change(name, (lease) =>
          lease?.holder === by.holder && lease.epoch === by.epoch
            ? [true, { ...lease, seq: lease.seq + 1, ...next }]
            : [false, undefined]
        )
      return {
        system: "memory",
        read: (name) => Effect.map(Ref.get(leases), (all) => all.get(name)),
        takeOver: (name, { epochMin, from, holder, ttlMillis }) =>
          change(name, (lease) =>
            lease?.epoch === from?.epoch && lease?.seq === from?.seq
              ? [epochMin, { holder, epoch: epochMin, seq: 1, ttlMillis }]
              : [undefined, undefined]
          ),
        renew: (name, by) => changeOwn(name, by, {}),
        release: (name, by) => changeOwn(name, by, { holder: undefined })
      }
    })
  )
}
