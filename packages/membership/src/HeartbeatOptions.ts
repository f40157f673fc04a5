/** The options of `HeartbeatMembership`: who the members are, and the timing of their heartbeats. */
import { Duration, Effect, Schema } from "effect"

import { Address, ClusterName } from "./HeartbeatMessage.ts"
import { NodeId } from "./Membership.ts"

const duration = (value: Duration.Input) =>
  Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.sync(() => Duration.fromInputUnsafe(value))),
    Schema.withConstructorDefault(Effect.sync(() => Duration.fromInputUnsafe(value)))
  )

/** Most peers of one node; every node beats every other, so traffic grows with the square of the cluster. */
const peersMax = 128

/** When beats go out and when silence means death, of every kind of heartbeats. */
export const beatTiming = {
  /** Time between beats to each peer, and the deadline of each; 10 ms to 1 minute. Default 1 second. */
  interval: duration("1 second"),
  /** Silence after which a peer is dead (strictly greater). Default 4 seconds. */
  deadAfter: duration("4 seconds")
}

/** What is wrong with a timing, if anything. */
export const timingProblem = ({
  deadAfter,
  interval
}: {
  readonly interval: Duration.Duration
  readonly deadAfter: Duration.Duration
}): string | undefined => {
  if (!Duration.between(interval, { minimum: intervalMin, maximum: intervalMax })) {
    return "interval must be between 10 milliseconds and 1 minute"
  }
  return Duration.isGreaterThan(deadAfter, interval)
    ? undefined
    : "deadAfter must be longer than interval, or every peer would be dead between two beats"
}

/** An id that is listed more than once, if any. */
export const listedTwice = (ids: ReadonlyArray<NodeId>): NodeId | undefined =>
  ids.find((id, index) => ids.indexOf(id) !== index)

const intervalMin = Duration.millis(10)
const intervalMax = Duration.minutes(1)

/** Options of `HeartbeatMembership`. `interval` and `deadAfter` should be equal on all members. */
export const HeartbeatOptions = Schema.Struct({
  /** Cluster this node belongs to; nodes of other clusters are refused. */
  cluster: ClusterName,
  /** This node's id. */
  self: NodeId,
  /** Where peers reach this node, told to them in every beat; without it they need it configured. */
  advertise: Schema.optionalKey(Address),
  /** The fixed list of members; this node may be in it. At most 128. */
  peers: Schema.Array(Schema.Struct({ id: NodeId, address: Schema.optionalKey(Address) })).check(
    Schema.isMaxLength(peersMax)
  ),
  ...beatTiming
}).check(
  Schema.makeFilter(timingProblem),
  Schema.makeFilter((options) => {
    const twice = listedTwice(options.peers.map(({ id }) => id))
    return twice === undefined ? undefined : `peer ${twice} is listed twice; each id belongs to one node`
  })
)
/** Options of `HeartbeatMembership` after defaults. */
export type HeartbeatOptions = typeof HeartbeatOptions.Type
/** Options of `HeartbeatMembership` as written by the caller. */
export type HeartbeatOptionsInput = (typeof HeartbeatOptions)["~type.make.in"]

/** The options are unusable; nothing was started. */
export class HeartbeatOptionsInvalid extends Schema.TaggedError<HeartbeatOptionsInvalid>()(
  "HeartbeatOptionsInvalid",
  { detail: Schema.String }
) {
  override get message(): string {
    return `heartbeat options refused: ${this.detail}`
  }
}
