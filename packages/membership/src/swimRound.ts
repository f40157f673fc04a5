/** One round of beats over SWIM, and the answers to those of others. */
import { Duration, Effect, FiberMap, Latch, Random, Schema, type Scope } from "effect"

import { makeBeatFailures } from "./beatFailures.ts"
import { RiderPayloads } from "./HeartbeatMessage.ts"
import { countRefused } from "./heartbeatMetrics.ts"
import type { Payloads, Riders } from "./heartbeatRiders.ts"
import type { NodeId } from "./Membership.ts"
import { refusal } from "./messageCodec.ts"
import type { PeerCalls } from "./PeerCalls.ts"
import type { Swim } from "./Swim.ts"

/** Name of the call that is a beat. */
const beatCall = "beat"

/** Members that are met at random in a round, beside the voters. */
const metPerRound = 2

/** Beats of other members than voters that a voter should get in a round; with more members they take turns by chance. */
const guestsMax = 64

/** A beat ends before the next round begins, so that a peer that is silent misses none. */
const deadlineShare = 0.95

/** What a round is made of. */
export interface SwimRoundParts {
  readonly self: NodeId
  readonly configured: ReadonlyArray<NodeId>
  readonly interval: Duration.Duration
  readonly swim: Swim["Service"]
  readonly calls: PeerCalls["Service"]
  readonly riders: Riders
  /** Beats that wait for their answers, at most one a peer. */
  readonly inFlight: FiberMap.FiberMap<NodeId>
}

/** A round: beats whom some rider has something to say to, without waiting, and lets the riders tick before any answer counts. */
export const makeSwimRound = (parts: SwimRoundParts): Effect.Effect<void> => {
  const { calls, configured, inFlight, interval, riders } = parts
  const failures = makeBeatFailures(configured)
  const timeout = Duration.times(interval, deadlineShare)

  const beat = (peer: NodeId, payload: Payloads, ticked: Latch.Latch) =>
    calls.call(peer, { name: beatCall, payload, timeout }).pipe(
      Effect.flatMap(decodePayloads),
      Effect.flatMap((reply) => Effect.andThen(ticked.await, riders.onReply(peer, reply))),
      Effect.andThen(failures.answered(peer)),
      Effect.catchTag("CallFailed", (failure) => failures.failed(peer, failure)),
      Effect.catchTag("SchemaError", ({ message }) =>
        failures.failed(peer, { kind: "unreadable", detail: message })
      )
    )

  return Effect.gen(function* () {
    const ticked = yield* Latch.make()
    for (const peer of yield* targets(parts)) {
      if (yield* FiberMap.has(inFlight, peer)) {
        yield* failures.failed(peer, { kind: "overlap", detail: "the beat before this one has not ended" })
        continue
      }
      const payloads = yield* riders.request(peer)
      if (Object.keys(payloads).length > 0) yield* FiberMap.run(inFlight, peer, beat(peer, payloads, ticked))
    }
    yield* riders.onTick
    yield* ticked.open
  })
}

/** The other voters, and some members at random; nobody for a node that is no member. */
const targets = Effect.fnUntraced(function* ({ configured, self, swim }: SwimRoundParts) {
  const { phase } = yield* swim.health
  if (phase !== "member") return []
  const voters = configured.filter((id) => id !== self)
  const met = yield* swim.sample(metPerRound, new Set(configured))
  if (voters.length < configured.length) return [...voters, ...met]
  const guests = (yield* swim.size) - configured.length
  const turn = Effect.map(Random.next, (drawn) => drawn * guests < guestsMax)
  return [...(yield* Effect.filter(voters, () => turn)), ...met]
})

/** Answers the beats of others with what the riders say, until the scope closes. */
export const answerBeats = (
  calls: PeerCalls["Service"],
  riders: Riders
): Effect.Effect<void, never, Scope.Scope> =>
  calls.answer(beatCall, (from, payload) =>
    decodePayloads(payload).pipe(
      Effect.flatMap((payloads) => riders.onBeat(from, payloads)),
      Effect.catch(({ message }) => Effect.as(countRefused(refusal("malformed", message)), null))
    )
  )

const decodePayloads = Schema.decodeUnknownEffect(RiderPayloads)
