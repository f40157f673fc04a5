/** SWIM members, each of which can be killed alone, on a network in memory or on loopback. */
import { Context, Effect, Exit, type Layer, Layer as Layers, Scope } from "effect"

import {
  Membership,
  type MemberState,
  PeerCalls,
  Swim,
  SwimMembership,
  type SwimOptionsInput,
  SwimTransport
} from "../../src/index.ts"
import { keyOf } from "./sealing.ts"

export interface SwimMember {
  readonly membership: Membership["Service"]
  readonly swim: Swim["Service"]
  readonly calls: PeerCalls["Service"]
  readonly address: string
  /** Ends the member without a goodbye. */
  readonly kill: Effect.Effect<void>
}

/** Short timings, for tests in real time. */
export const quick = {
  probeIntervalMillis: 200,
  probeTimeoutMillis: 100,
  gossipIntervalMillis: 40,
  pushPullIntervalMillis: 2000,
  streamTimeoutMillis: 1000,
  healIntervalMillis: 1000,
  seedIntervalMillis: 2000,
  leaveTimeoutMillis: 300,
  leavePropagateMillis: 50
} as const

/** Starts a member in a scope of its own inside the test's. */
export const startSwimMember = Effect.fnUntraced(function* <E>(
  transport: Layer.Layer<SwimTransport, E>,
  options: Partial<SwimOptionsInput> & { readonly self: string }
) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const layer = SwimMembership.layer({
    cluster: "test",
    ...(options.plaintext === true ? {} : { keys: [keyOf("one")] }),
    ...options
  }).pipe(Layers.provideMerge(transport))
  const context = yield* Layers.buildWithScope(layer, scope)
  return {
    membership: Context.get(context, Membership),
    swim: Context.get(context, Swim),
    calls: Context.get(context, PeerCalls),
    address: Context.get(context, SwimTransport).address,
    kill: Scope.close(scope, Exit.void)
  } satisfies SwimMember
})

/** States by id, as one member sees them. */
export const statesOf = ({ membership }: SwimMember): Effect.Effect<Record<string, MemberState>> =>
  Effect.map(membership.members, (view) => Object.fromEntries(view.map(({ id, state }) => [id, state])))

/** Members on any transport that see each other, in real time; the first is the seed of the others. */
export const startMeshed = Effect.fnUntraced(function* <E, const Id extends string>(
  ids: ReadonlyArray<Id>,
  transport: (id: Id) => Layer.Layer<SwimTransport, E>,
  options: Partial<SwimOptionsInput> = {}
) {
  const members = {} as Record<Id, SwimMember>
  const seeds: Array<string> = []
  for (const self of ids) {
    members[self] = yield* startSwimMember(transport(self), { settings: quick, ...options, seeds, self })
    if (seeds.length === 0) seeds.push(members[self].address)
  }
  for (const self of ids) yield* eventually(seesAlive(members[self], ids))
  return members
})

/** Polls in real time until the condition holds. */
export const eventually = (condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(condition, (holds) =>
    holds ? Effect.void : Effect.andThen(Effect.sleep("10 millis"), eventually(condition))
  )

/** Whether a member sees all of these as alive. */
const seesAlive = (member: SwimMember, ids: ReadonlyArray<string>): Effect.Effect<boolean> =>
  Effect.map(statesOf(member), (seen) => ids.every((id) => seen[id] === "alive"))
