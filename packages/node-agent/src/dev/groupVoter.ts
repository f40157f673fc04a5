/** Gives one voter's core its clock, its randomness, its outgoing messages and its waiting callers. */
import { makeLoopMetrics, PeerCalls } from "@coterie/membership"
import { Deferred, type Duration, Effect, FiberSet, Random, type Scope } from "effect"

import { type GroupEvent, step } from "./core/embeddedGroup.ts"
import type { GroupEffect, Moment, Refusal } from "./core/GroupEffect.ts"
import {
  type GroupMessage,
  type GroupSettings,
  type GroupState,
  type Start,
  startGroup
} from "./core/GroupState.ts"
import { countDropped, decodeMessages, encodeMessages } from "./groupMessage.ts"
import { monotonicMillis } from "./monotonicMillis.ts"

/** How a voter of the group starts. */
export interface EmbeddedGroupOptions {
  readonly settings: GroupSettings
  readonly start: Start
  /** How long a write, a message or a ping waits for its answer. */
  readonly answerTimeout: Duration.Duration
}

/** What became of a write; `NoAnswer` and `LeadershipLost` leave open whether it happened. */
export type WriteOutcome = "Acknowledged" | "NoAnswer" | Refusal

/** One voter at work. */
export interface GroupVoter {
  readonly state: Effect.Effect<GroupState>
  readonly tick: Effect.Effect<void>
  /** Writes at this voter; refused unless it leads. */
  readonly write: (value: string) => Effect.Effect<WriteOutcome>
  /** The refusal, or undefined when the hand-over has started. */
  readonly startTransfer: (target: string) => Effect.Effect<Refusal | undefined>
  /** Takes messages from a peer; those that answer the peer itself are returned, others are sent. */
  readonly receive: (
    from: string,
    messages: ReadonlyArray<GroupMessage>
  ) => Effect.Effect<ReadonlyArray<GroupMessage>>
}

/** The observations of the loop that drives a voter; its errors are messages that were not answered. */
export const embeddedGroupLoop = makeLoopMetrics("embedded_group_loop")

/** Name of the call that carries messages. */
export const messagesCall = "embedded-group.messages"

/** Messages on their way above which more are dropped; a few per voter is the normal number. */
const inFlightMax = 512

/** A voter; what it sends ends with the scope. */
export const makeGroupVoter = Effect.fnUntraced(function* (
  options: EmbeddedGroupOptions
): Effect.fn.Return<GroupVoter, never, PeerCalls | Scope.Scope> {
  const { apply, state } = yield* makeMachine(options)
  const callers = makeCallers(options.answerTimeout)
  const send = yield* makeSend(options.answerTimeout, (from, messages) => receive(from, messages))

  const perform = (effect: GroupEffect): Effect.Effect<unknown> => {
    switch (effect._tag) {
      case "Send":
        return send(effect.message)
      case "Ignored":
        return countDropped(effect.reason)
      case "Acknowledged":
        return callers.answer(effect.request, "Acknowledged")
      case "Refused":
        return callers.answer(effect.request, effect.reason)
      case "TransferStarted":
        return Effect.void
    }
  }
  const performAll = (effects: ReadonlyArray<GroupEffect>) =>
    Effect.forEach(effects, perform, { discard: true })

  const receiveOne = Effect.fnUntraced(function* (from: string, message: GroupMessage) {
    if (message.from !== from) return yield* Effect.as(countDropped("notTheSender"), [])
    const effects = yield* apply({ _tag: "Receive", message })
    const isReply = (effect: GroupEffect) => effect._tag === "Send" && effect.message.to === from
    yield* performAll(effects.filter((effect) => !isReply(effect)))
    return effects.flatMap((effect) => (effect._tag === "Send" && isReply(effect) ? [effect.message] : []))
  })

  const receive: GroupVoter["receive"] = (from, messages) =>
    Effect.map(
      Effect.forEach(messages, (message) => receiveOne(from, message)),
      (replies) => replies.flat()
    )

  const startTransfer = Effect.fnUntraced(function* (target: string) {
    const effects = yield* apply({ _tag: "Transfer", request: 0, target })
    yield* performAll(effects)
    return effects.find((effect) => effect._tag === "Refused")?.reason
  })

  return {
    state,
    tick: Effect.flatMap(apply({ _tag: "Tick" }), performAll),
    write: (value) =>
      callers.wait((request) => Effect.flatMap(apply({ _tag: "Write", request, value }), performAll)),
    startTransfer,
    receive
  }
})

/** Sends a message as a call; the messages that come back as its answer are received, and what they cause is sent in turn. */
const makeSend = Effect.fnUntraced(function* (timeout: Duration.Duration, receive: GroupVoter["receive"]) {
  const calls = yield* PeerCalls
  const inFlight = yield* FiberSet.make()

  const deliver = (message: GroupMessage): Effect.Effect<void> =>
    calls.call(message.to, { name: messagesCall, payload: encodeMessages([message]), timeout }).pipe(
      Effect.flatMap(decodeMessages),
      Effect.flatMap((answers) => receive(message.to, answers)),
      Effect.flatMap((replies) => Effect.forEach(replies, send, { discard: true })),
      Effect.catch(({ kind }) => embeddedGroupLoop.failed(kind))
    )

  const send = Effect.fnUntraced(function* (message: GroupMessage) {
    const crowded = (yield* FiberSet.size(inFlight)) >= inFlightMax
    yield* crowded ? countDropped("overloaded") : FiberSet.run(inFlight, deliver(message))
  })
  return send
})

type EventBody = GroupEvent extends infer E ? (E extends unknown ? Omit<E, keyof Moment> : never) : never

/** The core, stepped at the present moment. */
const makeMachine = Effect.fnUntraced(function* ({ settings, start }: EmbeddedGroupOptions) {
  let state = startGroup(settings, start, yield* monotonicMillis)
  const apply = Effect.fnUntraced(function* (body: EventBody) {
    const moment = { nowMillis: yield* monotonicMillis, draw: yield* Random.next }
    const [next, effects] = step(state, { ...body, ...moment })
    state = next
    return effects
  })
  return { apply, state: Effect.sync(() => state) }
})

/** Writers that wait for the outcome of their request; requests are numbered from 1. */
const makeCallers = (answerTimeout: Duration.Duration) => {
  const waiting = new Map<number, Deferred.Deferred<WriteOutcome>>()
  let requests = 0
  return {
    wait: Effect.fnUntraced(function* (begin: (request: number) => Effect.Effect<void>) {
      const request = (requests += 1)
      const outcome = yield* Deferred.make<WriteOutcome>()
      waiting.set(request, outcome)
      return yield* Effect.andThen(begin(request), Deferred.await(outcome)).pipe(
        Effect.timeoutOrElse({ duration: answerTimeout, orElse: () => Effect.succeed("NoAnswer" as const) }),
        Effect.ensuring(Effect.sync(() => waiting.delete(request)))
      )
    }),
    answer: (request: number, outcome: WriteOutcome): Effect.Effect<unknown> => {
      const caller = waiting.get(request)
      return caller === undefined ? Effect.void : Deferred.succeed(caller, outcome)
    }
  }
}
