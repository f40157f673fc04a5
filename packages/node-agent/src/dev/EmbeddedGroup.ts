/**
 * The consensus group that the demo's nodes host themselves: a leader, followers, and writes that a majority acknowledges.
 *
 * Its messages are calls between members, so they take the same delayed links as heartbeats. Nothing is durable.
 */
import { type CallFailed, PeerCalls } from "@coterie/membership"
import { Clock, Context, Duration, Effect, Layer, Schema } from "effect"

import type { Refusal } from "./core/GroupEffect.ts"
import type { GroupState } from "./core/GroupState.ts"
import { decodeMessages, encodeMessages, Value, valueLengthMax } from "./groupMessage.ts"
import {
  embeddedGroupLoop,
  type EmbeddedGroupOptions,
  makeGroupVoter,
  messagesCall,
  type WriteOutcome
} from "./groupVoter.ts"

const FailureReason = Schema.Literals([
  "NoLeader",
  "NotLeader",
  "TransferInProgress",
  "Overloaded",
  "LeadershipLost",
  "NoAnswer",
  "BadValue"
])

/** A write was not acknowledged; after `LeadershipLost` and `NoAnswer` it may have happened all the same. */
export class WriteFailed extends Schema.TaggedError<WriteFailed>()("WriteFailed", {
  reason: FailureReason,
  detail: Schema.String
}) {
  override get message(): string {
    return `the write was not acknowledged (${this.reason}): ${this.detail}`
  }
}

/** One voter of the embedded group. */
export class EmbeddedGroup extends Context.Service<
  EmbeddedGroup,
  {
    readonly options: EmbeddedGroupOptions
    /** What this voter knows now. */
    readonly state: Effect.Effect<GroupState>
    /** Writes through this voter, which forwards to the leader when it does not lead; done once a majority holds it. Retries nothing. */
    write(value: string): Effect.Effect<void, WriteFailed>
    /** Asks for a hand-over; the refusal, or undefined when it has started. */
    startTransfer(target: string): Effect.Effect<Refusal | undefined>
    /** Round trip to another voter's process. */
    ping(voter: string): Effect.Effect<Duration.Duration, CallFailed>
  }
>()("@coterie/node-agent/dev/EmbeddedGroup") {
  /** Runs a voter until the scope closes. */
  static readonly layer = (options: EmbeddedGroupOptions): Layer.Layer<EmbeddedGroup, never, PeerCalls> =>
    Layer.effect(EmbeddedGroup, make(options))
}

const writeCall = "embedded-group.write"
const pingCall = "embedded-group.ping"

const make = Effect.fnUntraced(function* (options: EmbeddedGroupOptions) {
  const { answerTimeout, settings } = options
  const calls = yield* PeerCalls
  const voter = yield* makeGroupVoter(options)

  yield* calls.answer(messagesCall, (from, payload) =>
    decodeMessages(payload).pipe(
      Effect.flatMap((messages) => voter.receive(from, messages)),
      Effect.map(encodeMessages)
    )
  )
  yield* calls.answer(writeCall, (_, payload) =>
    Schema.is(Value)(payload) ? voter.write(payload) : Effect.succeed("BadValue")
  )
  yield* calls.answer(pingCall, () => Effect.succeed("pong"))
  yield* embeddedGroupLoop.register
  yield* voter.tick.pipe(
    embeddedGroupLoop.iteration,
    Effect.andThen(Effect.sleep(Duration.millis(settings.heartbeatMillis / 4))),
    Effect.forever,
    embeddedGroupLoop.whileRunning,
    Effect.forkScoped
  )

  const forward = (leader: string, value: string) =>
    calls
      .call(leader, { name: writeCall, payload: value, timeout: answerTimeout })
      .pipe(Effect.mapError(({ message }) => new WriteFailed({ reason: "NoAnswer", detail: message })))

  const write = Effect.fn("EmbeddedGroup.write")(function* (value: string) {
    // A value that followers cannot decode would cost the leader its majority.
    if (!Schema.is(Value)(value)) {
      return yield* new WriteFailed({
        reason: "BadValue",
        detail: `a value has at most ${valueLengthMax} characters`
      })
    }
    const { leader } = yield* voter.state
    if (leader === undefined) return yield* new WriteFailed({ reason: "NoLeader", detail: "nobody leads" })
    const outcome: Schema.Json = yield* leader === settings.self ? voter.write(value) : forward(leader, value)
    if (outcome !== ("Acknowledged" satisfies WriteOutcome)) {
      const reason = Schema.is(FailureReason)(outcome) ? outcome : "NoAnswer"
      return yield* new WriteFailed({ reason, detail: `${leader} answered ${JSON.stringify(outcome)}` })
    }
  })

  const ping = Effect.fn("EmbeddedGroup.ping")(function* (peer: string) {
    const before = yield* Clock.monotonicTimeNanos
    yield* calls.call(peer, { name: pingCall, payload: null, timeout: answerTimeout })
    return Duration.nanos((yield* Clock.monotonicTimeNanos) - before)
  })

  return EmbeddedGroup.of({ options, state: voter.state, write, ping, startTransfer: voter.startTransfer })
})
