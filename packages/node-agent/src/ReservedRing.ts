/**
 * The ring of this node as members change it. Who was told what it holds may act on that for some seconds, and nobody else: else one member could
 * remove a key from all rings while another puts it to use, each after a check that it passed.
 */
import { Clock, Duration, Effect, Schema, Semaphore } from "effect"

import { type HeldKey, type KeyChange, KeyChangeFailed, type OwnKeyring } from "./OwnKeyring.ts"

/** One command of one member: a number that it drew. */
export const Claim = Schema.Int

/** The ring of this node, reserved for one command at a time. */
export interface ReservedRing {
  readonly list: OwnKeyring["list"]
  /** The keys, which no other command uses or removes for 5 s or until this one has. Fails while another member's command has that right. */
  readonly reserve: (from: string, claim: number) => Effect.Effect<ReadonlyArray<HeldKey>, KeyChangeFailed>
  /** Changes the ring, and returns the id of the key. Fails where to use or remove a key was not reserved, or too long ago. */
  readonly change: (claim: number, change: KeyChange) => Effect.Effect<string, KeyChangeFailed>
}

/** Longer than a command takes; where it is too short, the change is refused and can be asked for again. */
const reservation = Duration.seconds(5)

/** The ring of a running node; nothing else may change `own`. */
export const makeReservedRing = (own: OwnKeyring): ReservedRing => {
  // A key whose installation is undone must not be seen.
  const oneAtATime = Semaphore.makeUnsafe(1).withPermits(1)
  let holder = { from: "", claim: 0, untilMillis: 0 }
  return {
    list: own.list,
    reserve: Effect.fnUntraced(function* (from, claim) {
      const nowMillis = yield* Clock.currentTimeMillis
      if (nowMillis < holder.untilMillis && from !== holder.from)
        return yield* refuse(`its keys are being changed from ${holder.from}; ask again in 5 s`)
      holder = { from, claim, untilMillis: nowMillis + Duration.toMillis(reservation) }
      return yield* own.list
    }, oneAtATime),
    change: Effect.fnUntraced(function* (claim, change) {
      if (change._tag === "install") return yield* own.change(change)
      if (claim !== holder.claim || (yield* Clock.currentTimeMillis) >= holder.untilMillis)
        return yield* refuse("its keys were not checked just before; ask again")
      const keyId = yield* own.change(change)
      holder = { ...holder, untilMillis: 0 }
      return keyId
    }, oneAtATime)
  }
}

const refuse = (detail: string) => new KeyChangeFailed({ detail })
