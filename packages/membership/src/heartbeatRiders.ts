/** The riders of one node, called in the order in which they got on; one that dies is counted and skipped. */
import { Effect, Schema, type Scope } from "effect"

import { PayloadName } from "./HeartbeatMessage.ts"
import { countRiderFailure, countUnclaimed } from "./heartbeatMetrics.ts"
import type { HeartbeatRider } from "./Heartbeats.ts"
import type { NodeId } from "./Membership.ts"

/** Payloads of one beat by rider. */
export type Payloads = Readonly<Record<string, Schema.Json>>

/** All riders as one. */
export interface Riders {
  readonly ride: (rider: HeartbeatRider) => Effect.Effect<void, never, Scope.Scope>
  readonly request: (peer: NodeId) => Effect.Effect<Payloads>
  readonly onTick: Effect.Effect<void>
  readonly onBeat: (from: NodeId, payloads: Payloads) => Effect.Effect<Payloads>
  readonly onReply: (from: NodeId, payloads: Payloads) => Effect.Effect<void>
}

/** An empty set of riders; peers that are not configured are met by those that meet everybody. */
export const makeRiders = (isConfigured: (peer: NodeId) => boolean = () => true): Riders => {
  const riders = new Map<string, HeartbeatRider>()

  const meets = ({ audience }: HeartbeatRider, peer: NodeId): boolean =>
    audience === "everybody" || isConfigured(peer)

  const gather = (peer: NodeId, ask: (rider: HeartbeatRider) => Effect.Effect<Schema.Json | undefined>) =>
    Effect.gen(function* () {
      const payloads: Array<readonly [string, Schema.Json]> = []
      for (const rider of riders.values()) {
        if (!meets(rider, peer)) continue
        const payload = yield* guarded(rider.name, ask(rider))
        if (payload !== undefined) payloads.push([rider.name, payload])
      }
      return Object.fromEntries(payloads)
    })

  const count = (from: NodeId, payloads: Payloads) =>
    countUnclaimed(
      Object.keys(payloads).filter((name) => {
        const rider = riders.get(name)
        return rider === undefined || !meets(rider, from)
      }).length
    )

  return {
    ride: (rider) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          const { name } = rider
          if (riders.has(name)) return Effect.die(`rider ${name} is already on this node`)
          if (!isPayloadName(name)) return Effect.die("the name of a rider is not a PayloadName")
          riders.set(name, rider)
          return Effect.void
        }),
        () => Effect.sync(() => riders.delete(rider.name))
      ),
    request: (peer) => gather(peer, (rider) => rider.request(peer)),
    onTick: Effect.suspend(() =>
      Effect.forEach(riders.values(), ({ name, onTick }) => guarded(name, onTick), { discard: true })
    ),
    onBeat: (from, payloads) =>
      Effect.andThen(
        count(from, payloads),
        gather(from, (rider) => rider.onBeat(from, own(payloads, rider.name)))
      ),
    onReply: (from, payloads) =>
      Effect.andThen(
        count(from, payloads),
        gather(from, (rider) => Effect.as(rider.onReply(from, own(payloads, rider.name)), undefined))
      )
  }
}

const own = (payloads: Payloads, name: string) => (Object.hasOwn(payloads, name) ? payloads[name] : undefined)

const isPayloadName = Schema.is(PayloadName)

const guarded = <A>(rider: string, effect: Effect.Effect<A>): Effect.Effect<A | undefined> =>
  Effect.catchDefect(effect, (defect) =>
    Effect.logWarning("a heartbeat rider died", { rider, defect }).pipe(
      Effect.andThen(countRiderFailure(rider)),
      Effect.as(undefined)
    )
  )
