/** A lease store with faults that a test turns on and off, around any store. */
import { type Duration, Effect } from "effect"

import { Unavailable } from "../ConsensusGroups.ts"
import { type LeaseStore, LeaseStoreError } from "../LeaseStore.ts"

/** What happens to calls: refused at once, never done and never answered, done and never answered, or done after a while. */
export type LeaseStoreFault =
  | { readonly _tag: "None" }
  | { readonly _tag: "Outage" }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "LostReply" }
  | { readonly _tag: "Slow"; readonly delay: Duration.Input }

/** A store and the fault in front of it. */
export interface FaultyLeaseStore {
  readonly store: LeaseStore["Service"]
  /** The fault of calls from now on; calls under way keep theirs. */
  set(fault: LeaseStoreFault): void
  /** Calls so far, whatever became of them. */
  readonly calls: () => number
}

/** Puts faults in front of a store; none at first. Contenders that fail apart have a front each, over one store. */
export const makeFaultyLeaseStore = (store: LeaseStore["Service"]): FaultyLeaseStore => {
  let fault: LeaseStoreFault = { _tag: "None" }
  let calls = 0
  const through = <A>(
    operation: LeaseStoreError["operation"],
    call: Effect.Effect<A, LeaseStoreError>
  ): Effect.Effect<A, LeaseStoreError> =>
    Effect.suspend(() => {
      calls += 1
      switch (fault._tag) {
        case "None":
          return call
        case "Outage": {
          const reason = new Unavailable({ detail: "the test turned it off" })
          return Effect.fail(new LeaseStoreError({ store: store.system, operation, reason }))
        }
        case "Hang":
          return Effect.never
        case "LostReply":
          return Effect.andThen(call, Effect.never)
        case "Slow":
          return Effect.delay(call, fault.delay)
      }
    })
  return {
    store: {
      system: store.system,
      read: (name) => through("read", store.read(name)),
      takeOver: (name, claim) => through("takeOver", store.takeOver(name, claim)),
      renew: (name, by) => through("renew", store.renew(name, by)),
      release: (name, by) => through("release", store.release(name, by))
    },
    set: (next) => void (fault = next),
    calls: () => calls
  }
}
