/** Calls of other members: who may ask, how many answers are worked on at a time, and what is said when there is none. */
import { isUtf8 } from "node:buffer"

import { Effect } from "effect"

import type { CallAnswers, CallHandler } from "../callAnswers.ts"
import { isMe } from "../core/swim/probe.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { memberView } from "../core/swim/view.ts"
import type { Call, CallRefusal } from "../core/swimWire/callCodec.ts"
import type { Sender } from "../core/swimWire/frameHeader.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { decodePayload, encodePayload } from "../messageCodec.ts"
import type { CallPost, CallReceiver } from "./callPost.ts"
import { isGone } from "./outboundCalls.ts"
import type { RunFork } from "./swimDriver.ts"

/** Answers that are worked on at a time. */
export const answersMax = 512

/** Of those, the ones of one caller. */
export const answersPerCallerMax = 64

/** An answer is worked on no longer than this, in ms, whatever the caller says. */
const budgetMillisMax = 60_000

/** A call as it came in; `address` is where a packet came from. */
export interface HeardCall {
  readonly from: Sender
  readonly address: string | undefined
  readonly call: Call
}

/** What answers need of their node. */
export interface InboundCallsParts {
  readonly state: SwimState
  readonly answers: CallAnswers
  readonly post: CallPost
  readonly run: RunFork
  readonly countRefused: (reason: CallRefusal | "expired", detail: string) => void
}

interface Refusal {
  readonly reason: CallRefusal
  readonly detail: string
}

/** The answering side of a node. */
export const makeInboundCalls = (parts: InboundCallsParts): ((heard: HeardCall) => void) => {
  const { answers, countRefused, post, run, state } = parts
  const working = new Map<string, number>()
  let all = 0

  const work = (caller: string, by: 1 | -1): void => {
    const count = (working.get(caller) ?? 0) + by
    all += by
    if (count === 0) working.delete(caller)
    else working.set(caller, count)
  }

  const refuse = (to: CallReceiver | undefined, call: Call, { detail, reason }: Refusal): void => {
    countRefused(reason, `${call.name}: ${detail}`)
    const short = detail.slice(0, wireLimits.callDetailCharactersMax)
    if (to === undefined) return
    post(to, { _tag: "CallRefused", id: call.id, reason, detail: short }, call.budgetMillis)
  }

  const isBusy = (caller: string): boolean =>
    all >= answersMax || (working.get(caller) ?? 0) >= answersPerCallerMax

  return ({ address, call, from }) => {
    const caller = callerOf(state, from)
    const to = caller ?? (address === undefined ? undefined : { id: from.id, address })
    const no = (reason: CallRefusal, detail: string) => refuse(to, call, { reason, detail })
    if (isGone(state)) return no("left", `${state.self.id} has left the cluster`)
    if (!isMe(state, call.target))
      return no("not_me", `this is a process of ${state.self.id}, and another one`)
    if (caller === undefined) {
      return no("unknown_caller", `${from.id} is no living member in the view of ${state.self.id}`)
    }
    const handler = answers.find(call.name)
    if (handler === undefined) return no("no_answer", `nobody here answers ${call.name}`)
    if (isBusy(from.id)) {
      return no("busy", `${all} answers are worked on, ${working.get(from.id) ?? 0} of them for ${from.id}`)
    }
    work(from.id, 1)
    run(
      answerOf(handler, from.id, call).pipe(
        Effect.match({
          onFailure: (refusal) => refuse(caller, call, refusal),
          onSuccess: (payload) => post(caller, { _tag: "Reply", id: call.id, payload }, call.budgetMillis)
        }),
        Effect.timeoutOrElse({
          duration: Math.min(call.budgetMillis, budgetMillisMax),
          orElse: () => Effect.sync(() => countRefused("expired", `${call.name}: the caller waits no more`))
        }),
        Effect.ensuring(Effect.sync(() => work(from.id, -1)))
      )
    )
  }
}

/** The caller as a member, if it is one: the process that this node knows, alive or suspect. */
const callerOf = (state: SwimState, { id, instance }: Sender): CallReceiver | undefined => {
  const view = memberView(state, id)
  const isPresent = view?.standing === "alive" || view?.standing === "suspect"
  return isPresent && id !== state.self.id && view.record?.instance === instance ? view.record : undefined
}

const refusing = (reason: CallRefusal, detail: string): Effect.Effect<never, Refusal> =>
  Effect.fail({ reason, detail })

const answerOf = Effect.fnUntraced(function* (handler: CallHandler, from: string, call: Call) {
  if (!isUtf8(call.payload)) return yield* refusing("malformed", "the payload is no UTF-8")
  const question = yield* decodePayload(Buffer.from(call.payload).toString()).pipe(
    Effect.catch((detail) => refusing("malformed", detail))
  )
  const text = yield* Effect.flatMap(handler(from, question), encodePayload).pipe(
    Effect.catch(({ message }) => refusing("internal", `the answer is no JSON: ${message}`)),
    Effect.catchDefect((defect) =>
      Effect.andThen(
        Effect.logWarning("an answer to a call died", { call: call.name, from, defect }),
        refusing("internal", "the answer died")
      )
    )
  )
  const bytes = Buffer.from(text)
  const most = Math.min(call.replyBytesMax, wireLimits.replyBytesMax)
  if (bytes.length <= most) return bytes
  return yield* refusing("too_large", `the answer has ${bytes.length} bytes; at most ${most} are read`)
})
