/** Heartbeat members on a network in memory, each of which can be killed alone. */
import { Context, Effect, Exit, Layer, Scope } from "effect"

import {
  HeartbeatMembership,
  type HeartbeatOptionsInput,
  Heartbeats,
  Membership,
  type MemberState,
  PeerCalls
} from "../../src/index.ts"
import { makeMemoryNetwork, type MemoryNetwork } from "../../src/testing/index.ts"

export const addressOf = (id: string): string => `memory://${id}`

export interface TestMember {
  readonly membership: Membership["Service"]
  readonly heartbeats: Heartbeats["Service"]
  readonly calls: PeerCalls["Service"]
  /** Ends the member without a goodbye. */
  readonly kill: Effect.Effect<void>
}

/** Starts a member in a scope of its own inside the test's. */
export const startMember = Effect.fnUntraced(function* (
  network: MemoryNetwork,
  options: HeartbeatOptionsInput,
  address: string = addressOf(options.self)
) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const layer = HeartbeatMembership.layer(options).pipe(Layer.provide(network.layer(address)))
  const context = yield* Effect.orDie(Layer.buildWithScope(layer, scope))
  return {
    membership: Context.get(context, Membership),
    heartbeats: Context.get(context, Heartbeats),
    calls: Context.get(context, PeerCalls),
    kill: Scope.close(scope, Exit.void)
  } satisfies TestMember
})

/** Members of one cluster that all know each other's address. */
export const startCluster = Effect.fnUntraced(function* <const Id extends string>(ids: ReadonlyArray<Id>) {
  const network = yield* makeMemoryNetwork
  const peers = ids.map((id) => ({ id, address: addressOf(id) }))
  const members = {} as Record<Id, TestMember>
  for (const id of ids) {
    members[id] = yield* startMember(network, { cluster: "test", self: id, advertise: addressOf(id), peers })
  }
  return { network, peers, members }
})

/** States by id, as one member sees them. */
export const states = (member: TestMember): Effect.Effect<Record<string, MemberState>> =>
  Effect.map(member.membership.members, (view) =>
    Object.fromEntries(view.map(({ id, state }) => [id, state]))
  )
