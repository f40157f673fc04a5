/**
 * The demo's consensus group as a pure state machine: a leader elected by majority, writes acknowledged by a majority, hand-over on
 * request.
 *
 * Safe under delay, loss, repetition and reordering: one leader per term, and no acknowledged write is lost while nobody restarts.
 */
import { campaignWhenDue, follow, onTimeoutNow, onVoteReply, onVoteRequest } from "./campaign.ts"
import type { IgnoredReason, Moment, Step } from "./GroupEffect.ts"
import {
  comparePositions,
  type GroupMessage,
  type GroupState,
  otherReplicas,
  termOwner
} from "./GroupState.ts"
import { leaderTick, onAppend, onAppendReply, replyTo, transfer, write } from "./replicate.ts"

/** What can happen to a voter. `request` is the shell's number for the answer. */
export type GroupEvent = Moment &
  (
    | { readonly _tag: "Tick" }
    | { readonly _tag: "Receive"; readonly message: GroupMessage }
    | { readonly _tag: "Write"; readonly request: number; readonly value: string }
    | { readonly _tag: "Transfer"; readonly request: number; readonly target: string }
  )

/** Handles one event; a tick is due at least every quarter of a heartbeat. */
export const step = (state: GroupState, event: GroupEvent): Step => {
  switch (event._tag) {
    case "Tick":
      return tick(state, event)
    case "Receive":
      return receive(state, event.message, event)
    case "Write":
      return write(state, event.request, event.value, event.nowMillis)
    case "Transfer":
      return transfer(state, event.request, event.target, event.nowMillis)
  }
}

const tick = (state: GroupState, moment: Moment): Step => {
  if (state.role._tag !== "Leader") return campaignWhenDue(state, moment)
  const stepped = leaderTick(state, state.role, moment.nowMillis)
  return stepped === "lostMajority" ? follow(state, state.term, moment) : stepped
}

const receive = (state: GroupState, message: GroupMessage, moment: Moment): Step => {
  const reason = whyIgnored(state, message, moment)
  if (reason !== undefined) {
    // The sender of a stale append is a deposed leader that does not know it yet.
    const correction =
      reason === "staleTerm" && message._tag === "Append" ? [replyTo(state, message.from)] : []
    return [state, [...correction, { _tag: "Ignored", reason }]]
  }
  switch (message._tag) {
    case "VoteRequest":
      return onVoteRequest(state, message, moment)
    case "VoteReply":
      return onVoteReply(state, message, moment)
    case "Append":
      return onAppend(state, message, moment)
    case "AppendReply":
      return message.term > state.term || ledBefore(state, message)
        ? follow(state, message.term, moment)
        : onAppendReply(state, message, moment)
    case "TimeoutNow":
      return onTimeoutNow(state, message, moment)
  }
}

/** A follower holds more of the term than its leader wrote, so the leader led it before it lost its memory and must lead another. */
const ledBefore = (
  { held, role }: GroupState,
  reply: Extract<GroupMessage, { _tag: "AppendReply" }>
): boolean => role._tag === "Leader" && comparePositions(reply.held, held) > 0

const whyIgnored = (
  { settings, term, holdUntilMillis }: GroupState,
  message: GroupMessage,
  { nowMillis }: Moment
): IgnoredReason | undefined => {
  if (message.to !== settings.self) return "notForUs"
  if (!otherReplicas(settings).includes(message.from)) return "unknownSender"
  switch (message._tag) {
    case "VoteRequest":
      return termOwner(settings.voters, message.term) === message.from ? undefined : "wrongTermOwner"
    case "Append":
    case "TimeoutNow":
      if (termOwner(settings.voters, message.term) !== message.from) return "wrongTermOwner"
      if (message.term < term) return "staleTerm"
      return message._tag === "TimeoutNow" && nowMillis < holdUntilMillis ? "holdingBack" : undefined
    case "VoteReply":
    case "AppendReply":
      return undefined
  }
}
