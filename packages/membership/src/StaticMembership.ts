/**
 * Membership that never changes by itself: single nodes, tests, and the in-memory twin of the other layers.
 */
import { Clock, Effect, Layer, SchemaIssue } from "effect"

import { makeChangeFeed } from "./changeFeed.ts"
import { changeKind } from "./changeKind.ts"
import {
  JoinFailed,
  type Member,
  Membership,
  type MembershipChange,
  type MemberState,
  Metadata,
  MetadataInvalid,
  type NodeId
} from "./Membership.ts"

/** Options of `StaticMembership`. */
export interface StaticMembershipOptions {
  /** This node's id. */
  readonly self: NodeId
  /** The members, this node included or not; all are alive. Default: this node alone. */
  readonly members?:
    | ReadonlyArray<{ readonly id: NodeId; readonly address?: string; readonly metadata?: Metadata }>
    | undefined
}

/** A static membership together with the hand that moves it in tests. */
export interface ControlledMembership {
  readonly membership: Membership["Service"]
  /** Puts a member into a state and publishes the change; an unknown id becomes a new member. */
  readonly setState: (id: NodeId, state: MemberState, reason: string) => Effect.Effect<void>
}

const make = Effect.fnUntraced(function* (options: StaticMembershipOptions) {
  const { self } = options
  const feed = yield* makeChangeFeed<MembershipChange>("membership")
  const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
  const startMillis = yield* now
  const members = new Map<NodeId, Member>()
  for (const { id, address, metadata } of [{ id: self }, ...(options.members ?? [])] as const) {
    members.set(id, { id, address, state: "alive", sinceMillis: startMillis, metadata: metadata ?? {} })
  }

  const put = (id: NodeId, next: Partial<Member>, reason: string) =>
    Effect.map(now, (sinceMillis) => {
      const before = members.get(id)
      const blank: Member = { id, address: undefined, state: "alive", sinceMillis, metadata: {} }
      const entered = next.state !== undefined && next.state !== before?.state
      const member = { ...(before ?? blank), ...next, ...(entered ? { sinceMillis } : {}) }
      members.set(id, member)
      const previous = before?.state
      feed.publishUnsafe({ kind: changeKind(previous, member.state), member, previous, reason })
    })
  const setState = (id: NodeId, state: MemberState, reason: string) =>
    Effect.suspend(() => (members.get(id)?.state === state ? Effect.void : put(id, { state }, reason)))

  const membership = Membership.of({
    self,
    members: Effect.sync(() => [...members.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))),
    changes: feed.stream,
    join: Effect.fn("Membership.join")(function* (addresses) {
      yield* setState(self, "alive", "joined again")
      const known = new Set(
        [...members.values()].filter(({ id }) => id !== self).map(({ address }) => address)
      )
      const answered = addresses.filter((address) => known.has(address)).length
      if (answered > 0) return answered
      return yield* new JoinFailed({ addresses, detail: "none is the address of a member in the fixed list" })
    }),
    leave: setState(self, "left", "left on purpose"),
    setMetadata: Effect.fn("Membership.setMetadata")(function* (metadata) {
      const checked = yield* Metadata.makeEffect(metadata).pipe(
        Effect.mapError((issue) => new MetadataInvalid({ detail: describe(issue) }))
      )
      yield* put(self, { metadata: { ...checked } }, "new metadata")
    })
  })
  return { membership, setState } satisfies ControlledMembership
})

const describe = SchemaIssue.makeFormatterDefault()

/** Membership that never changes by itself. */
export const StaticMembership = {
  /** A fixed list of members, all alive. */
  layer: (options: StaticMembershipOptions): Layer.Layer<Membership> =>
    Layer.effect(
      Membership,
      Effect.map(make(options), ({ membership }) => membership)
    ),
  /** The same with a hand to move members between states, for tests of what reacts to them. */
  make
} as const
