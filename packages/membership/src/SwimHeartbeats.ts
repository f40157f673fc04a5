/**
 * `Heartbeats` on top of SWIM: what rides on beats over HTTP rides here on `PeerCalls`, in packets where it fits.
 *
 * SWIM says who is alive; beats carry what riders have to say. Every round the voters beat each other, for elections, and every node beats two
 * more members at random, which brings documents to everybody in a few rounds, however many there are.
 */
import { Duration, Effect, FiberMap, Layer, Schedule, Schema, SchemaIssue } from "effect"

import { heartbeatLoop } from "./heartbeatMetrics.ts"
import { beatTiming, listedTwice, timingProblem } from "./HeartbeatOptions.ts"
import { makeRiders } from "./heartbeatRiders.ts"
import { Heartbeats } from "./Heartbeats.ts"
import { Membership, NodeId } from "./Membership.ts"
import { PeerCalls } from "./PeerCalls.ts"
import { Swim } from "./Swim.ts"
import { answerBeats, makeSwimRound } from "./swimRound.ts"

/** Most voters: they beat each other, so traffic grows with the square, and an election needs no more. */
const votersMax = 9

/** Options of `SwimHeartbeats`; equal on all members of the cluster. */
export const SwimHeartbeatsOptions = Schema.Struct({
  /** The members that elect and must know of each other at once, 1 to 9. This node need not be one. */
  voters: Schema.Array(NodeId).check(Schema.isMinLength(1), Schema.isMaxLength(votersMax)),
  ...beatTiming
}).check(
  Schema.makeFilter(timingProblem),
  Schema.makeFilter(({ voters }) => {
    const twice = listedTwice(voters)
    return twice === undefined ? undefined : `voter ${twice} is listed twice; each id belongs to one node`
  })
)
/** Options of `SwimHeartbeats` after defaults. */
export type SwimHeartbeatsOptions = typeof SwimHeartbeatsOptions.Type
/** Options of `SwimHeartbeats` as written by the caller. */
export type SwimHeartbeatsOptionsInput = (typeof SwimHeartbeatsOptions)["~type.make.in"]

/** The options are unusable; nothing was started. */
export class SwimHeartbeatsInvalid extends Schema.TaggedError<SwimHeartbeatsInvalid>()(
  "SwimHeartbeatsInvalid",
  { detail: Schema.String }
) {
  override get message(): string {
    return `options of SWIM heartbeats refused: ${this.detail}`
  }
}

const build = Effect.fnUntraced(function* (input: SwimHeartbeatsOptionsInput) {
  const { deadAfter, interval, voters } = yield* SwimHeartbeatsOptions.makeEffect(input).pipe(
    Effect.mapError((issue) => new SwimHeartbeatsInvalid({ detail: describe(issue) }))
  )
  const { self } = yield* Membership
  const calls = yield* PeerCalls
  const configured = voters.toSorted()
  // A node without a vote takes no part in elections, whoever beats it.
  const riders = makeRiders((peer) => configured.includes(self) && configured.includes(peer))
  const inFlight = yield* FiberMap.make<NodeId>()
  const round = makeSwimRound({ self, configured, interval, swim: yield* Swim, calls, riders, inFlight })

  yield* answerBeats(calls, riders)
  yield* heartbeatLoop
    .iteration(round)
    .pipe(
      Effect.repeat(Schedule.fixed(interval)),
      Effect.delay(interval),
      heartbeatLoop.whileRunning,
      Effect.forkScoped
    )
  return Heartbeats.of({
    self,
    configured,
    intervalMillis: Duration.toMillis(interval),
    deadAfterMillis: Duration.toMillis(deadAfter),
    ride: riders.ride
  })
})

const describe = SchemaIssue.makeFormatterDefault()

/** Heartbeats over SWIM. */
export const SwimHeartbeats = {
  /**
   * Starts beating one interval after the layer is built and stops with its scope, or when this node leaves. On a node that is no voter
   * `configured` is still the voters: documents and rows ride there as everywhere, while riders of elections meet nobody.
   */
  layer: (
    options: SwimHeartbeatsOptionsInput
  ): Layer.Layer<Heartbeats, SwimHeartbeatsInvalid, Membership | Swim | PeerCalls> =>
    Layer.effect(Heartbeats, build(options))
} as const
