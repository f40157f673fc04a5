/** Calls of this node: a bounded number waits for answers, each from the member that was asked and for so long as was said. */
import { isUtf8 } from "node:buffer"

import { Duration, Effect, Schema } from "effect"

import type { MemberRecord } from "../core/swim/memberRecord.ts"
import { targetOf } from "../core/swim/probe.ts"
import type { SwimState } from "../core/swim/swimState.ts"
import { memberView } from "../core/swim/view.ts"
import type { CallRefused, Reply } from "../core/swimWire/callCodec.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { PayloadName } from "../HeartbeatMessage.ts"
import type { NodeId } from "../Membership.ts"
import { decodePayload, encodePayload } from "../messageCodec.ts"
import { CallFailed, type PeerCalls, type Question } from "../PeerCalls.ts"
import type { CallPost } from "./callPost.ts"

/** Most calls of this node that wait at a time. */
export const waitingMax = 1024

/** Bytes of a reply that are read unless the question says otherwise. */
const replyBytesDefault = 65_536

/** Why a call has no answer; a `kind` of `CallFailed`. */
export type CallFailure =
  | "no_address"
  | "left"
  | "busy"
  | "timeout"
  | "refused"
  | "bad_message"
  | "too_large"
  | "unreadable"

interface Useless {
  readonly kind: CallFailure
  readonly detail: string
}

interface Waiting {
  readonly peer: NodeId
  readonly replyBytesMax: number
  readonly settle: (answer: Effect.Effect<Uint8Array, Useless>) => void
}

/** What calls need of their node. */
export interface OutboundCallsParts {
  readonly state: SwimState
  readonly random: () => number
  readonly post: CallPost
  readonly countFailed: (kind: CallFailure) => void
}

/** The calling side of a node. */
export interface OutboundCalls extends Pick<PeerCalls["Service"], "addressOf" | "call"> {
  /** Takes an answer from a member; false when it was not asked, or is not asked any more. */
  readonly hear: (from: NodeId, answer: Reply | CallRefused) => boolean
  /** Most bytes of a reply that this member may send now; 0 when none is expected. */
  readonly expectedBytes: (from: NodeId) => number
}

/** No calls yet. */
export const makeOutboundCalls = ({
  countFailed,
  post,
  random,
  state
}: OutboundCallsParts): OutboundCalls => {
  const waiting = new Map<number, Waiting>()

  const send = (record: MemberRecord, { budgetMillis, name, payload, replyBytesMax }: Prepared) =>
    Effect.callback<Uint8Array, Useless>((resume) => {
      if (waiting.size >= waitingMax) {
        return resume(useless("busy", `${waitingMax} calls of this node wait for answers already`))
      }
      const id = Math.floor(random() * 2 ** 53)
      waiting.set(id, { peer: record.id, replyBytesMax, settle: resume })
      const target = targetOf(record)
      post(record, { _tag: "Call", id, target, name, budgetMillis, replyBytesMax, payload }, budgetMillis)
      return Effect.sync(() => waiting.delete(id))
    })

  const exchange = Effect.fnUntraced(function* (peer: NodeId, question: Question) {
    if (isGone(state)) return yield* useless("left", `this node is ${state.phase}`)
    const record = reachable(state, peer)
    if (record === undefined) return yield* useless("no_address", "it is no other member with an address")
    const prepared = yield* prepare(question)
    const { timeout } = question
    const answer = yield* send(record, prepared).pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          useless("timeout", `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`)
      })
    )
    if (!isUtf8(answer)) return yield* useless("unreadable", "the answer is no UTF-8")
    return yield* decodePayload(Buffer.from(answer).toString()).pipe(
      Effect.catch((detail) => useless("unreadable", detail))
    )
  })

  return {
    addressOf: (peer) => Effect.sync(() => reachable(state, peer)?.address),
    call: Effect.fn("PeerCalls.call")((peer, question) =>
      exchange(peer, question).pipe(
        Effect.tapError(({ kind }) => Effect.sync(() => countFailed(kind))),
        Effect.mapError((failure) => new CallFailed({ peer, name: question.name, ...failure }))
      )
    ),
    hear: (from, answer) => {
      const asked = waiting.get(answer.id)
      if (asked?.peer !== from) return false
      waiting.delete(answer.id)
      asked.settle(readAnswer(answer, asked.replyBytesMax))
      return true
    },
    expectedBytes: (from) =>
      [...waiting.values()].reduce(
        (most, { peer, replyBytesMax }) => (peer === from ? Math.max(most, replyBytesMax) : most),
        0
      )
  }
}

interface Prepared {
  readonly name: string
  readonly payload: Uint8Array
  readonly budgetMillis: number
  readonly replyBytesMax: number
}

const useless = (kind: CallFailure, detail: string): Effect.Effect<never, Useless> =>
  Effect.fail({ kind, detail })

const isName = Schema.is(PayloadName)

const prepare = Effect.fnUntraced(function* ({
  name,
  payload,
  replyBytesMax = replyBytesDefault,
  timeout
}: Question): Effect.fn.Return<Prepared, Useless> {
  if (!isName(name)) return yield* useless("bad_message", "the name of a call is a PayloadName")
  const text = yield* encodePayload(payload).pipe(
    Effect.catch(({ message }) => useless("bad_message", `the payload is no JSON: ${message}`))
  )
  const bytes = Buffer.from(text)
  const most = wireLimits.callBytesMax
  if (bytes.length > most) {
    return yield* useless("too_large", `the payload has ${bytes.length} bytes; at most ${most} are carried`)
  }
  return {
    name,
    payload: bytes,
    budgetMillis: Math.min(Duration.toMillis(timeout), 2 ** 32 - 1),
    replyBytesMax: Math.min(replyBytesMax, wireLimits.replyBytesMax)
  }
})

const readAnswer = (
  answer: Reply | CallRefused,
  replyBytesMax: number
): Effect.Effect<Uint8Array, Useless> => {
  if (answer._tag === "CallRefused") {
    return useless(answer.reason === "too_large" ? "too_large" : "refused", answer.detail)
  }
  const { length } = answer.payload
  return length <= replyBytesMax
    ? Effect.succeed(answer.payload)
    : useless("too_large", `the answer has ${length} bytes; at most ${replyBytesMax} are read`)
}

/** Whether this node takes part no more. */
export const isGone = ({ phase }: SwimState): boolean =>
  phase === "leaving" || phase === "left" || phase === "superseded"

/** Another member's newest record; also of a dead one, which may live after all, but not of one that left. */
const reachable = (state: SwimState, peer: NodeId): MemberRecord | undefined => {
  const view = peer === state.self.id ? undefined : memberView(state, peer)
  return view?.standing === "left" ? undefined : view?.record
}
