/**
 * Leased quorum election: the smallest live member leads while a majority lends it their vote; never two leaders.
 *
 * A leader holds votes lent for a lease by a quorum of acceptors, counted from before it asked for them; by its own clock it stops before
 * any acceptor may lend its vote elsewhere. The epoch rises with every leader and is the fencing token. Rules R1 to R12.
 */
import { acceptRelease, reportGrant, reservedFor, startAcceptor } from "./leaseAcceptor.ts"
import { nothing, persisted, query, type Step, vote } from "./leaseBid.ts"
import { countCandidateVote, countRefusal, pollCandidate, pollFollower, tryToBid } from "./leaseCandidate.ts"
import {
  configOf,
  type LeasedQuorumEvent,
  type LeasedQuorumState,
  type LeasedQuorumTiming,
  seesQuorum
} from "./leasedQuorumState.ts"
import { closeExpired, countHolderVote, pollHolder, renew, stopLeading, workStopped } from "./leaseHolder.ts"
import type { LeaseAnswer, LeaseMessage, LeaseRelease, LeaseRequest } from "./leaseMessages.ts"
import { preferredTo, successor } from "./leasePreference.ts"
import { contact } from "./liveness.ts"
import { hearConfig } from "./otherConfigs.ts"

/** A node that just started, with the promise it had on disk (0 for none). */
export const startLeasedQuorum = (options: {
  readonly self: string
  readonly members: ReadonlyArray<string>
  readonly timing: LeasedQuorumTiming
  readonly promised: number
  readonly nowMillis: number
}): LeasedQuorumState => {
  const members = [...new Set([...options.members, options.self])].toSorted()
  return {
    self: options.self,
    members,
    config: configOf(members, options.timing),
    others: new Map(),
    timing: options.timing,
    contacts: new Map(),
    acceptor: startAcceptor(options.promised, options.nowMillis, options.timing),
    role: { _tag: "Follower" },
    peers: new Map(),
    highestEpoch: options.promised,
    openSinceMillis: undefined,
    backOffUntilMillis: options.nowMillis,
    lateBids: 0,
    unwillingUntilMillis: options.nowMillis
  }
}

/** One event in, the next state and what to do out. Messages from nodes that are no members change nothing. */
export const stepLeasedQuorum = (state: LeasedQuorumState, event: LeasedQuorumEvent): Step => {
  const [current, lost] = closeExpired(state, event.nowMillis)
  const [next, effects] = react(current, event)
  return [next, lost.length === 0 ? effects : [...lost, ...effects]]
}

const react = (state: LeasedQuorumState, event: LeasedQuorumEvent): Step => {
  switch (event._tag) {
    case "Poll":
      return poll(state, event.nowMillis, event.random)
    case "Beat":
      return state.role._tag === "Holder"
        ? renew(state, state.role, event.nowMillis)
        : query(state, event.nowMillis)
    case "Received":
      return isOtherMember(state, event.from)
        ? receive(heard(state, event.from, event.nowMillis), event.from, event.message, event.nowMillis)
        : [state, nothing]
    case "ConfigHeard":
      return event.from === state.self ? [state, nothing] : configHeard(state, event)
    case "StepDown":
      return stepDown(state, event.to, event.nowMillis)
    case "WorkStopped":
      return workStopped(state, event.nowMillis, event.epoch)
    case "SaveFailed":
      return [{ ...state, backOffUntilMillis: event.nowMillis + state.timing.heartbeatMillis }, nothing]
  }
}

const isOtherMember = ({ members, self }: LeasedQuorumState, id: string): boolean =>
  id !== self && members.includes(id)

const stepDown = (state: LeasedQuorumState, to: string | undefined, nowMillis: number): Step => {
  if (state.role._tag !== "Holder" || (to !== undefined && !isOtherMember(state, to))) return [state, nothing]
  return to === undefined
    ? stopLeading(state, state.role, { nowMillis, reason: "resigned", to: successor(state, nowMillis) })
    : stopLeading(state, state.role, { nowMillis, reason: "transferred", to })
}

const poll = (state: LeasedQuorumState, nowMillis: number, random: number): Step => {
  switch (state.role._tag) {
    case "Follower":
      return pollFollower(state, nowMillis)
    case "Candidate":
      return pollCandidate(state, state.role.bid, nowMillis, random)
    case "Holder":
      return pollHolder(state, state.role, nowMillis)
  }
}

const heard = (state: LeasedQuorumState, id: string, nowMillis: number): LeasedQuorumState => ({
  ...state,
  contacts: new Map(state.contacts).set(
    id,
    contact(state.contacts.get(id), nowMillis, state.timing.deadAfterMillis)
  )
})

const receive = (state: LeasedQuorumState, from: string, message: LeaseMessage, nowMillis: number): Step => {
  switch (message._tag) {
    case "Request":
      return onRequest(state, from, message, nowMillis)
    case "Answer":
      return onAnswer(state, from, message, nowMillis)
    case "Release":
      return onRelease(state, from, message, nowMillis)
  }
}

/** R12: notes who disagrees, and says so once until that changes. */
const configHeard = (
  state: LeasedQuorumState,
  { config, from, nowMillis }: { readonly config: string; readonly from: string; readonly nowMillis: number }
): Step => {
  const heardConfigs = { own: state.config, voters: state.members, others: state.others }
  const [others, news] = hearConfig(heardConfigs, from, config, nowMillis)
  return [others === state.others ? state : { ...state, others }, news === undefined ? nothing : [news]]
}

const onRequest = (
  before: LeasedQuorumState,
  from: string,
  message: LeaseRequest,
  nowMillis: number
): Step => {
  const [state, news] = configHeard(before, { config: message.config, from, nowMillis })
  let next = state
  let verdict: LeaseAnswer["verdict"] = null
  if (message.config !== state.config) verdict = "config"
  else if (message.kind === "bid" && isDeferred(state, from, nowMillis)) verdict = "deferred"
  else if (message.kind !== "query") [next, verdict] = vote(state, from, message, nowMillis)
  const answer: LeaseAnswer = {
    _tag: "Answer",
    kind: message.kind,
    epoch: message.epoch,
    sentAtMillis: message.sentAtMillis,
    verdict,
    promised: next.acceptor.promised,
    grant: reportGrant(next.acceptor, nowMillis),
    seesQuorum: seesQuorum(next, nowMillis),
    willing: nowMillis >= next.unwillingUntilMillis
  }
  return [next, [...persisted(state, next), { _tag: "Send", to: from, message: answer }, ...news]]
}

/** R5: just after leadership fell vacant, a preferred member is given the first move. */
const isDeferred = (state: LeasedQuorumState, from: string, nowMillis: number): boolean =>
  reservedFor(state.acceptor, nowMillis) !== from &&
  state.openSinceMillis !== undefined &&
  nowMillis - state.openSinceMillis < state.timing.deferMillis &&
  preferredTo(state, from, nowMillis).length > 0

const onAnswer = (state: LeasedQuorumState, from: string, answer: LeaseAnswer, nowMillis: number): Step => {
  const grant =
    answer.grant === null
      ? undefined
      : {
          ...answer.grant,
          expiresAtMillis: nowMillis + Math.min(answer.grant.remainingMillis, state.timing.leaseMillis)
        }
  const next: LeasedQuorumState = {
    ...state,
    highestEpoch: Math.max(state.highestEpoch, answer.promised),
    peers: new Map(state.peers).set(from, {
      grant,
      seesQuorum: answer.seesQuorum,
      willing: answer.willing
    })
  }
  if (answer.verdict !== "granted") {
    return [answer.kind === "bid" ? countRefusal(next, from, answer.epoch) : next, nothing]
  }
  switch (next.role._tag) {
    case "Follower":
      return [next, nothing]
    case "Candidate":
      return countCandidateVote(next, next.role.bid, { answer, from, nowMillis })
    case "Holder":
      return countHolderVote(next, next.role, { answer, from, nowMillis })
  }
}

const onRelease = (
  state: LeasedQuorumState,
  from: string,
  message: LeaseRelease,
  nowMillis: number
): Step => {
  const acceptor = acceptRelease(state.acceptor, from, message, {
    nowMillis,
    reserveMillis: state.timing.reserveMillis
  })
  const peers = new Map(
    [...state.peers].map(([id, peer]) =>
      peer.grant?.holder === from && peer.grant.epoch <= message.epoch
        ? [id, { ...peer, grant: undefined }]
        : [id, peer]
    )
  )
  const next = { ...state, acceptor, peers }
  // Who is named leads because it was chosen, not because nobody else would: it no longer stands back.
  return message.reserveFor === state.self
    ? tryToBid({ ...next, unwillingUntilMillis: nowMillis }, nowMillis)
    : [next, nothing]
}
