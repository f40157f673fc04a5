/**
 * Leading: appends that carry the whole value, acknowledgement by a majority, and the hand-over to a caught-up voter.
 */
import type { GroupEffect, Moment, Refusal, Step } from "./GroupEffect.ts"
import {
  comparePositions,
  electionDue,
  type GroupMessage,
  type GroupState,
  majority,
  otherReplicas,
  type Role
} from "./GroupState.ts"

type Message<Tag extends GroupMessage["_tag"]> = Extract<GroupMessage, { _tag: Tag }>
type Leader = Extract<Role, { _tag: "Leader" }>

/** Sends the value to every follower and plans the next heartbeat. */
export const broadcast = (state: GroupState, nowMillis: number): Step => {
  const { role, settings, term, held, value, committed } = state
  if (role._tag !== "Leader") return [state, []]
  const appends = otherReplicas(settings).map((to): GroupEffect => ({
    _tag: "Send",
    message: { _tag: "Append", from: settings.self, to, term, held, value, committed }
  }))
  return [{ ...state, role: { ...role, heartbeatDueMillis: nowMillis + settings.heartbeatMillis } }, appends]
}

/** Takes a write: the new version goes to every follower, and is answered once a majority holds it. */
export const write = (state: GroupState, request: number, value: string, nowMillis: number): Step => {
  const { role, settings, held, term } = state
  if (role._tag !== "Leader") return refuse(state, request, "NotLeader")
  if (role.transfer !== undefined) return refuse(state, request, "TransferInProgress")
  if (role.pending.length >= settings.pendingWritesMax) return refuse(state, request, "Overloaded")
  const index = held.index + 1
  const pending = [...role.pending, { request, index }]
  const [sent, appends] = broadcast(
    { ...state, value, held: { term, index }, role: { ...role, pending } },
    nowMillis
  )
  const [next, effects] = advanceCommit(sent)
  return [next, [...appends, ...effects]]
}

/**
 * A follower takes over the leader's version unless its own is newer, which happens when appends overtake each other. Of the same version
 * it takes the leader's value, which differs only when the leader wrote it twice, the second time without its memory.
 */
export const onAppend = (state: GroupState, message: Message<"Append">, moment: Moment): Step => {
  const overtaken = comparePositions(message.held, state.held) < 0
  const held = overtaken ? state.held : message.held
  const follower: GroupState = {
    ...state,
    term: message.term,
    leader: message.from,
    held,
    value: overtaken ? state.value : message.value,
    committed: Math.max(state.committed, Math.min(message.committed, held.index)),
    role: { _tag: "Follower" },
    leaderSeenMillis: moment.nowMillis,
    electionDueMillis: electionDue(state.settings, moment.nowMillis, moment.draw)
  }
  return [follower, [replyTo(follower, message.from)]]
}

/** Tells the sender of an append what this voter holds, and in which term it is. */
export const replyTo = (state: GroupState, to: string): GroupEffect => ({
  _tag: "Send",
  message: { _tag: "AppendReply", from: state.settings.self, to, term: state.term, held: state.held }
})

/** Counts what a follower holds; only versions of the leader's own term count (Raft section 5.4.2). */
export const onAppendReply = (
  state: GroupState,
  message: Message<"AppendReply">,
  { nowMillis }: Moment
): Step => {
  const { role, settings, term } = state
  if (role._tag !== "Leader" || !settings.voters.includes(message.from)) return [state, []]
  const before = role.acknowledged.get(message.from)?.index ?? 0
  const index = message.held.term === term ? Math.max(before, message.held.index) : before
  const acknowledged = new Map(role.acknowledged).set(message.from, { index, atMillis: nowMillis })
  const [committed, effects] = advanceCommit({ ...state, role: { ...role, acknowledged } })
  const [next, told] = tellTarget(committed)
  return [next, [...effects, ...told]]
}

/** Answers the writes that a majority holds by now. */
export const advanceCommit = (state: GroupState): Step => {
  const { role, held, settings } = state
  if (role._tag !== "Leader") return [state, []]
  const indexes = [held.index, ...[...role.acknowledged.values()].map(({ index }) => index)]
  const byMajority =
    indexes.toSorted((left, right) => right - left)[majority(settings.voters.length) - 1] ?? 0
  const committed = Math.max(state.committed, byMajority)
  const done = role.pending.filter(({ index }) => index <= committed)
  const pending = role.pending.slice(done.length)
  return [
    { ...state, committed, role: { ...role, pending } },
    done.map(({ request, index }): GroupEffect => ({ _tag: "Acknowledged", request, index }))
  ]
}

/** Why a hand-over to `target` cannot start now, or undefined when it can. */
const refuseTransfer = ({ role, settings }: GroupState, target: string): Refusal | undefined => {
  if (role._tag !== "Leader") return "NotLeader"
  if (target === settings.self) return "AlreadyLeader"
  if (settings.learners.includes(target)) return "NoVote"
  if (!settings.voters.includes(target)) return "UnknownTarget"
  return role.transfer === undefined ? undefined : "TransferInProgress"
}

/** Starts a hand-over: no more writes, and once the target holds everything it is told to campaign. */
export const transfer = (state: GroupState, request: number, target: string, nowMillis: number): Step => {
  const { role, settings } = state
  const refusal = refuseTransfer(state, target)
  if (refusal !== undefined || role._tag !== "Leader") return refuse(state, request, refusal ?? "NotLeader")
  const untilMillis = nowMillis + settings.transferTimeoutMillis
  const [next, effects] = tellTarget({
    ...state,
    role: { ...role, transfer: { target, told: false, untilMillis } }
  })
  return [next, [{ _tag: "TransferStarted", request }, ...effects]]
}

/** A leader's tick: heartbeats, the end of a transfer that did not happen, and stepping down when it no longer hears a majority. */
export const leaderTick = (state: GroupState, role: Leader, nowMillis: number): Step | "lostMajority" => {
  if (!hearsMajority(state, role, nowMillis)) return "lostMajority"
  const over = role.transfer !== undefined && nowMillis >= role.transfer.untilMillis
  const current: GroupState = over ? { ...state, role: { ...role, transfer: undefined } } : state
  return nowMillis >= role.heartbeatDueMillis ? broadcast(current, nowMillis) : [current, []]
}

const hearsMajority = ({ settings }: GroupState, { acknowledged }: Leader, nowMillis: number): boolean => {
  const heard = [...acknowledged.values()].filter(
    ({ atMillis }) => nowMillis - atMillis < 2 * settings.electionTimeoutMillis
  )
  return heard.length + 1 >= majority(settings.voters.length)
}

const tellTarget = (state: GroupState): Step => {
  const { role, held, settings, term } = state
  if (role._tag !== "Leader" || role.transfer === undefined || role.transfer.told) return [state, []]
  const { target } = role.transfer
  if (role.acknowledged.get(target)?.index !== held.index) return [state, []]
  return [
    { ...state, role: { ...role, transfer: { ...role.transfer, told: true } } },
    [{ _tag: "Send", message: { _tag: "TimeoutNow", from: settings.self, to: target, term } }]
  ]
}

const refuse = (state: GroupState, request: number, reason: Refusal): Step => [
  state,
  [{ _tag: "Refused", request, reason }]
]
