/** One node's own state: its view of the peers, what it says about itself, and who listens to changes. */
import { Clock, Duration, Effect, Random, type Stream } from "effect"

import { type ChangeFeed, makeChangeFeed } from "./changeFeed.ts"
import { changeKind } from "./changeKind.ts"
import * as Core from "./core/heartbeat.ts"
import { type Beat, protocolVersion } from "./HeartbeatMessage.ts"
import { countStall } from "./heartbeatMetrics.ts"
import type { HeartbeatOptions } from "./HeartbeatOptions.ts"
import type { Member, MembershipChange, Metadata, NodeId } from "./Membership.ts"

/** What every message says about its sender. */
export type Envelope = Pick<Beat, "protocol" | "cluster" | "from" | "instance" | "advertise">

/** The state of one node behind its ports. */
export interface HeartbeatNode {
  readonly options: HeartbeatOptions
  /** Self and peers, sorted. */
  readonly configured: ReadonlyArray<NodeId>
  /** Applies an event now, publishes the changes, and returns the effects that are left to do. */
  apply(event: Undated<Core.HeartbeatEvent>): Effect.Effect<ReadonlyArray<Core.HeartbeatEffect>>
  envelope(): Envelope
  metadata(): Metadata
  hasLeft(): boolean
  addressOf(peer: NodeId): string | undefined
  /** Time until the next round is due, in ms; 0 when it is late. */
  readonly untilDueMillis: Effect.Effect<number>
  readonly members: Effect.Effect<ReadonlyArray<Member>>
  readonly changes: Stream.Stream<MembershipChange>
  /** Enters a state of its own; `alive` after `left` begins a new run with a new instance name. */
  enter(state: "alive" | "left", reason: string): Effect.Effect<void>
  publishMetadata(metadata: Metadata): Effect.Effect<void>
}

type Undated<Event> = Event extends unknown ? Omit<Event, "nowMillis"> : never

/** A node that starts now. */
export const makeHeartbeatNode = Effect.fnUntraced(function* (options: HeartbeatOptions) {
  const peers = options.peers.filter(({ id }) => id !== options.self)
  const feed = yield* makeChangeFeed<MembershipChange>("membership")
  const own = yield* makeOwnPresence(options, feed)
  let view = Core.initial(
    {
      self: options.self,
      peers: peers.map(({ id, address }) => ({ id, address })),
      intervalMillis: Duration.toMillis(options.interval),
      deadAfterMillis: Duration.toMillis(options.deadAfter)
    },
    yield* monotonicMillis
  )

  const apply: HeartbeatNode["apply"] = (event) =>
    Clock.clockWith((clock) =>
      Effect.suspend(() => {
        const nowMillis = millis(clock.monotonicTimeNanosUnsafe())
        const [next, effects] = Core.step(view, { ...event, nowMillis })
        view = next
        for (const effect of effects) if (effect._tag === "Changed") feed.publishUnsafe(toChange(effect))
        return Effect.as(Effect.forEach(effects, observe, { discard: true }), effects)
      })
    )

  return {
    ...own,
    options,
    configured: [options.self, ...peers.map(({ id }) => id)].toSorted(),
    apply,
    addressOf: (id) => {
      const peer = view.peers.get(id)
      return peer && Core.addressOf(peer)
    },
    untilDueMillis: Effect.map(monotonicMillis, (now) => Math.max(0, view.dueMillis - now)),
    members: Effect.sync(() => [own.member(), ...[...view.peers.values()].map(toMember)].toSorted(byId)),
    changes: feed.stream
  } satisfies HeartbeatNode
})

/** What the node says about itself. */
const makeOwnPresence = Effect.fnUntraced(function* (
  options: HeartbeatOptions,
  feed: ChangeFeed<MembershipChange>
) {
  let instance = yield* instanceName
  let member: Member = {
    id: options.self,
    address: options.advertise,
    state: "alive",
    sinceMillis: yield* monotonicMillis,
    metadata: {}
  }

  const become = (next: Partial<Member>, reason: string) =>
    Effect.sync(() => {
      const previous = member.state
      member = { ...member, ...next }
      feed.publishUnsafe({ kind: changeKind(previous, member.state), member, previous, reason })
    })

  const enter: HeartbeatNode["enter"] = Effect.fnUntraced(function* (state, reason) {
    if (member.state === state) return
    if (state === "alive") instance = yield* instanceName
    yield* become({ state, sinceMillis: yield* monotonicMillis }, reason)
  })

  return {
    member: () => member,
    metadata: () => member.metadata,
    hasLeft: () => member.state === "left",
    envelope: (): Envelope => ({
      protocol: protocolVersion,
      cluster: options.cluster,
      from: options.self,
      instance,
      ...(options.advertise === undefined ? {} : { advertise: options.advertise })
    }),
    enter,
    publishMetadata: (metadata: Metadata) => become({ metadata: { ...metadata } }, "new metadata")
  }
})

/** Logs and counts what needs no further action. */
const observe = (effect: Core.HeartbeatEffect): Effect.Effect<void> => {
  switch (effect._tag) {
    case "Changed":
      return Effect.logInfo("member changed", {
        member: effect.peer.id,
        from: effect.previous,
        to: effect.peer.state,
        reason: effect.reason
      })
    case "Stalled":
      return Effect.andThen(
        countStall,
        Effect.logWarning("this process stood still", { millis: effect.millis })
      )
    case "Ignored":
    case "NoAddress":
    case "Send":
      return Effect.void
  }
}

const toMember = (peer: Core.Peer): Member => ({
  id: peer.id,
  address: peer.learnedAddress ?? peer.configuredAddress,
  state: peer.state,
  sinceMillis: peer.sinceMillis,
  metadata: peer.metadata
})

const toChange = ({ peer, previous, reason }: Core.Changed): MembershipChange => ({
  kind: changeKind(previous, peer.state),
  member: toMember(peer),
  previous,
  reason
})

const byId = (one: Member, other: Member): number => (one.id < other.id ? -1 : 1)

const millis = (nanos: bigint): number => Number(nanos) / 1e6

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, millis)

const instanceName = Effect.map(
  Effect.all([Random.nextIntBetween(0, 2 ** 32), Random.nextIntBetween(0, 2 ** 32)]),
  (words) => words.map((word) => word.toString(16).padStart(8, "0")).join("")
)
