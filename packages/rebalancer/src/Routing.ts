/**
 * The routing port: where a shard is served, as this node sees it.
 *
 * A local view of the control store's table with leader hints of its own: doubting a member forgets it as a leader at once, without a write
 * to the store. A hint may be wrong or missing; a client that is refused learns the leader from the refusal and retries once.
 */
import { Membership, type MembershipChange, type NodeId } from "@coterie/membership"
import { Context, Effect, Layer, Ref, Schema, Stream } from "effect"

import { ControlStore, type ControlStoreError } from "./ControlStore.ts"
import { carryHints, forgetLeader } from "./core/liveness.ts"
import { locateShard, type RoutingTable, setLeader, shardCount, type ShardLocation } from "./core/routing.ts"
import { shardOfCollection } from "./core/shardOfCollection.ts"

/** No group serves the shard. */
export class ShardNotMapped extends Schema.TaggedError<ShardNotMapped>()("ShardNotMapped", {
  shard: Schema.Finite
}) {
  override get message(): string {
    return `shard ${this.shard} is not mapped to a group; shards are 0 to ${shardCount - 1}`
  }
}

/** The group that serves a shard, and who leads it when that is known. */
export type MappedShard = Extract<ShardLocation, { readonly _tag: "Mapped" }>

/** Where shards are served. */
export class Routing extends Context.Service<
  Routing,
  {
    /** The table with this node's leader hints. */
    readonly table: Effect.Effect<RoutingTable>
    /** Finds a shard. Fails with `ShardNotMapped`. */
    locate(shard: number): Effect.Effect<MappedShard, ShardNotMapped>
    /** Finds the shard of a collection. Fails with `ShardNotMapped`. */
    locateCollection(name: string): Effect.Effect<MappedShard, ShardNotMapped>
    /** Remembers who leads a group, as told by a node that does not. An unknown group is ignored. */
    learnLeader(group: number, leader: NodeId): Effect.Effect<void>
  }
>()("@coterie/rebalancer/Routing") {
  /** Follows the control store and the membership until its scope ends. Fails when the store cannot be read at first. */
  static readonly layer: Layer.Layer<Routing, ControlStoreError, ControlStore | Membership> = Layer.effect(
    Routing,
    Effect.suspend(() => makeRouting())
  )
}

interface View {
  /** The store's table. */
  readonly stored: RoutingTable
  readonly hinted: RoutingTable
}

const makeRouting = Effect.fnUntraced(function* () {
  const store = yield* ControlStore
  const membership = yield* Membership
  const { routing } = (yield* store.read).state
  const view = yield* Ref.make<View>({ stored: routing, hinted: routing })

  const adopt = (stored: RoutingTable) =>
    Ref.update(view, (before) => ({ stored, hinted: carryHints(before.hinted, before.stored, stored) }))
  const doubt = ({ id, state }: MembershipChange["member"]) =>
    Ref.update(view, (before) => ({ ...before, hinted: forgetLeader(before.hinted, id, state) }))

  yield* store.changes.pipe(
    Stream.runForEach(({ state }) => adopt(state.routing)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* membership.changes.pipe(
    Stream.runForEach(({ member }) => doubt(member)),
    Effect.forkScoped({ startImmediately: true })
  )
  yield* Effect.forEach(yield* membership.members, doubt, { discard: true })

  const locate = Effect.fn("Routing.locate")(function* (shard: number) {
    const location = locateShard((yield* Ref.get(view)).hinted, shard)
    return location._tag === "Mapped" ? location : yield* new ShardNotMapped({ shard })
  })
  return Routing.of({
    table: Effect.map(Ref.get(view), ({ hinted }) => hinted),
    locate,
    locateCollection: (name) => locate(shardOfCollection(name)),
    learnLeader: Effect.fn("Routing.learnLeader")((group, leader) =>
      Ref.update(view, (before) => ({ ...before, hinted: setLeader(before.hinted, group, leader) }))
    )
  })
})
