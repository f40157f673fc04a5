/** The one lease that a simulated store keeps, with what an observer outside knows of it; compare-and-set as `LeaseStore` promises. */
import type { Lease, LeaseAnswer, LeaseCall } from "@coterie/election/core/leaseContenderState"
import { nodeOf } from "@coterie/election/core/leaseContenderState"

import type { Invariant, LeadingUntil } from "./invariants.ts"

/** A call as it reaches the store. */
export interface LeaseRequest {
  /** The run of a node that calls. */
  readonly holder: string
  readonly ttlMillis: number
  readonly call: LeaseCall
}

/** A lease that survives every crash of its store. */
export class LeaseRecord {
  #lease: Lease | undefined
  /** Real time of the last change. */
  #changedAtMillis = 0
  #broken: string | undefined

  /** Does a call, whole and at once. */
  answer({ call, holder, ttlMillis }: LeaseRequest, realMillis: number): LeaseAnswer {
    const lease = this.#lease
    switch (call._tag) {
      case "Read":
        return { _tag: "Found", lease }
      case "TakeOver": {
        if (lease?.epoch !== call.from?.epoch || lease?.seq !== call.from?.seq) return { _tag: "Refused" }
        this.#checkExpired(holder, realMillis)
        this.#change({ holder, epoch: call.epochMin, seq: 1, ttlMillis }, realMillis)
        return { _tag: "Taken", epoch: call.epochMin }
      }
      case "Renew":
      case "Release": {
        if (lease?.holder !== holder || lease.epoch !== call.epoch) return { _tag: "Refused" }
        const next = call._tag === "Renew" ? holder : undefined
        this.#change({ ...lease, holder: next, seq: lease.seq + 1 }, realMillis)
        return { _tag: "Done" }
      }
    }
  }

  /** A held lease is taken over only after its whole time to live without a change in the store (A-*: observed change). */
  takenOverWhenExpired(): Invariant {
    return () => this.#broken
  }

  /** W2: whoever leads holds the lease in the store, and leads no longer than its time to live after the last change that the store made. */
  leadsByTheLease(): Invariant<LeadingUntil> {
    return (leading) => {
      for (const { id, token, untilMillis } of leading) {
        const lease = this.#lease
        if (lease?.holder === undefined || nodeOf(lease.holder) !== id || lease.epoch !== token)
          return `${id} leads with token ${token}, but the lease is ${lease?.holder ?? "nobody"}'s with epoch ${lease?.epoch ?? 0}`
        const late = untilMillis - (this.#changedAtMillis + lease.ttlMillis)
        if (late > 0) return `${id} would lead for ${late.toFixed(1)} ms after its lease`
      }
      return undefined
    }
  }

  #checkExpired(by: string, realMillis: number): void {
    const lease = this.#lease
    if (lease?.holder === undefined || lease.holder === by) return
    const early = this.#changedAtMillis + lease.ttlMillis - realMillis
    if (early > 0) this.#broken ??= `${by} took the lease of ${lease.holder} ${early.toFixed(1)} ms too early`
  }

  #change(lease: Lease, realMillis: number): void {
    this.#lease = lease
    this.#changedAtMillis = realMillis
  }
}
