/** Why a node of a leased quorum leads, or why nobody does: read from one node's state, deciding nothing. */
import type { LeadershipExplanation, LeadershipRule } from "../LeadershipExplanation.ts"
import { because, handsOver, inSeconds, type Reason, standingOf } from "./leadershipReason.ts"
import { activeGrant, isReservedForAnother, type LeaseGrant, reservedFor } from "./leaseAcceptor.ts"
import { hindranceOf } from "./leasedQuorumHindrance.ts"
import {
  knownLeader,
  leaseLeftMillis,
  type LeasedQuorumState,
  liveMembers,
  seesQuorum
} from "./leasedQuorumState.ts"
import { couldWin, isWilling, preferredTo } from "./leasePreference.ts"
import { disagrees, standingsOfStrangers } from "./otherConfigs.ts"
import { quorumSize } from "./quorumSize.ts"

/** Who leads and why as this node knows it; `lastTerm` is the highest term that it knew before. */
export const explainLeasedQuorum = (
  state: LeasedQuorumState,
  nowMillis: number,
  lastTerm: number
): LeadershipExplanation => {
  const known = knownLeader(state, nowMillis)
  const leader = known?.holder
  return {
    strategy: "leasedQuorum",
    self: state.self,
    leader,
    term: Math.max(lastTerm, known?.epoch ?? 0),
    leaseLeftMillis: known === undefined ? undefined : leaseLeft(state, known, nowMillis),
    rule: leader === undefined ? whyNobody(state, nowMillis) : whyLeader(state, leader, nowMillis),
    members: [
      ...state.members.map((id) =>
        leader === undefined
          ? standingOf(id, standingWithout(state, id, nowMillis))
          : standingOf(id, standingUnder(state, id, leader, nowMillis), lends(state, id, leader, nowMillis))
      ),
      ...standingsOfStrangers({ others: state.others, own: state.config }, state.members, nowMillis)
    ]
  }
}

/** Exact for oneself; another leads no longer than the last of the votes that it is known to be lent. */
const leaseLeft = (
  state: LeasedQuorumState,
  { epoch, holder }: { readonly holder: string; readonly epoch: number },
  nowMillis: number
): number => {
  if (holder === state.self) return leaseLeftMillis(epoch)(state, nowMillis)
  const ends = state.members
    .map((id) => grantAt(state, id, nowMillis))
    .filter((grant) => grant?.holder === holder && grant.epoch === epoch)
    .map((grant) => grant?.expiresAtMillis ?? nowMillis)
  return Math.max(...ends) - nowMillis
}

/** To whom a member lends its vote as far as this node knows. */
const grantAt = (state: LeasedQuorumState, id: string, nowMillis: number): LeaseGrant | undefined => {
  if (id === state.self) return activeGrant(state.acceptor, nowMillis)
  const grant = state.peers.get(id)?.grant
  return grant !== undefined && nowMillis < grant.expiresAtMillis ? grant : undefined
}

/** Whether a member lends the leader its vote. A member that says nothing of late may do so or not. */
const lends = (
  state: LeasedQuorumState,
  id: string,
  leader: string,
  nowMillis: number
): boolean | undefined => {
  const { role, timing } = state
  const votedAtMillis = role._tag === "Holder" ? role.votes.get(id) : undefined
  if (votedAtMillis !== undefined && nowMillis < votedAtMillis + timing.leaseMillis - timing.guardMillis)
    return true
  const grant = grantAt(state, id, nowMillis)
  if (grant !== undefined) return grant.holder === leader
  if (id === state.self) return false
  const report = state.peers.get(id)
  const saidNone = report !== undefined && report.grant === undefined
  return saidNone && liveMembers(state, nowMillis).includes(id) ? false : undefined
}

const whyLeader = (state: LeasedQuorumState, leader: string, nowMillis: number): LeadershipRule => {
  if (stoppingOf(state) !== undefined) return "handingOver"
  const isSilent = !liveMembers(state, nowMillis).includes(leader)
  if (isSilent || (leader === state.self && !seesQuorum(state, nowMillis))) return "waitingForExpiry"
  const able = state.members.filter((id) => id !== leader && hindranceOf(state, id, nowMillis) === undefined)
  if (able.length === 0) return "onlyCandidate"
  return able.some((id) => comesBefore(state, id, leader, nowMillis)) ? "incumbentKept" : "mostPreferred"
}

const whyNobody = (state: LeasedQuorumState, nowMillis: number): LeadershipRule => {
  if (!seesQuorum(state, nowMillis)) return "noQuorum"
  if (state.members.some((id) => bidOf(state, id, nowMillis) !== undefined)) return "votesPending"
  if (nowMillis < state.acceptor.bootUntilMillis) return "bootHold"
  if (!couldWin(state, nowMillis)) return "waitingForExpiry"
  if (isReservedForAnother(state.acceptor, state.self, nowMillis)) return "waitingForPreferred"
  const isBehind = preferredTo(state, state.self, nowMillis).length > 0
  return isBehind && nowMillis < turnMillis(state, nowMillis) ? "waitingForPreferred" : "nextMove"
}

/** When this node bids, once leadership is free (R5). */
const turnMillis = (state: LeasedQuorumState, nowMillis: number): number => {
  const ahead = preferredTo(state, state.self, nowMillis).length
  return Math.max(
    (state.openSinceMillis ?? nowMillis) + ahead * state.timing.deferMillis,
    state.backOffUntilMillis
  )
}

const standingUnder = (state: LeasedQuorumState, id: string, leader: string, nowMillis: number): Reason => {
  if (id === leader) return standingOfLeader(state, leader, nowMillis)
  if (stoppingOf(state)?.to === id) return because("successor", "leadership is being handed to it")
  return (
    hindranceOf(state, id, nowMillis) ??
    bidOf(state, id, nowMillis) ??
    (comesBefore(state, id, leader, nowMillis)
      ? standingOfPreferred(state, id, leader, nowMillis)
      : because("lessPreferred", `${leader} has the smaller id`))
  )
}

const standingOfLeader = (state: LeasedQuorumState, leader: string, nowMillis: number): Reason => {
  const stopping = stoppingOf(state)
  if (stopping !== undefined) return handsOver(stopping.renewUntilMillis - nowMillis)
  const votes = state.members.filter((id) => lends(state, id, leader, nowMillis) === true).length
  const lent = `votes known: ${votes}, needed: ${quorumSize(state.members.length)}`
  const heardMillis = state.contacts.get(leader)?.lastSeenMillis
  if (leader === state.self) return because("leads", lent)
  const other = state.others.get(leader)
  if (other !== undefined)
    return because("leads", `${lent}; ${disagrees(other, state.config, nowMillis).detail}`)
  return because(
    "leads",
    heardMillis === undefined
      ? `${lent}; not heard of here`
      : `${lent}; heard of ${inSeconds(nowMillis - heardMillis)} ago`
  )
}

/** R8: only the leader knows when it will hand over; others see no more than that a member comes before it. */
const standingOfPreferred = (
  state: LeasedQuorumState,
  id: string,
  leader: string,
  nowMillis: number
): Reason => {
  const { role, timing } = state
  const needed = inSeconds(timing.cooldownMillis)
  if (role._tag !== "Holder") {
    return because(
      "coolingDown",
      `comes before ${leader} and takes over once ${leader} has seen it alive for ${needed}`
    )
  }
  const liveSinceMillis = state.contacts.get(id)?.liveSinceMillis ?? nowMillis
  const passedMillis = nowMillis - Math.max(liveSinceMillis, role.heldSinceMillis)
  const passed =
    liveSinceMillis < role.heldSinceMillis
      ? `${leader} has led for ${inSeconds(passedMillis)} of ${needed}`
      : `alive for ${inSeconds(passedMillis)} of ${needed}`
  return passedMillis < timing.cooldownMillis
    ? because("coolingDown", passed)
    : because("successor", `${passed}; leadership goes to it next`)
}

const standingWithout = (state: LeasedQuorumState, id: string, nowMillis: number): Reason => {
  const bootMillis = state.acceptor.bootUntilMillis - nowMillis
  return (
    bidOf(state, id, nowMillis) ??
    hindranceOf(state, id, nowMillis) ??
    (id === state.self && bootMillis > 0
      ? because("bootHold", `restarted, so it lends no vote for ${inSeconds(bootMillis)} more`)
      : contending(state, id, nowMillis))
  )
}

const contending = (state: LeasedQuorumState, id: string, nowMillis: number): Reason => {
  if (reservedFor(state.acceptor, nowMillis) === id)
    return because("successor", "leadership was handed to it")
  const [first] = preferredTo(state, id, nowMillis)
  if (first !== undefined) return because("lessPreferred", `${first} comes first`)
  if (id !== state.self) return because("waiting", "has the first move")
  const left = inSeconds(turnMillis(state, nowMillis) - nowMillis)
  return because("waiting", `has the first move, in ${left}`)
}

/** A bid that has not won: our own, or another's to whom a vote is lent. */
const bidOf = (state: LeasedQuorumState, id: string, nowMillis: number): Reason | undefined => {
  const { role } = state
  if (id === state.self) {
    if (role._tag !== "Candidate") return undefined
    const { epoch, votes } = role.bid
    const needed = quorumSize(state.members.length)
    return because("bidding", `asks for votes for term ${epoch}; has ${votes.size} of ${needed} needed`)
  }
  const bid = state.members
    .map((voter) => grantAt(state, voter, nowMillis))
    .find((grant) => grant?.holder === id && !grant.established)
  return bid === undefined ? undefined : because("bidding", `asked for votes for term ${bid.epoch}`)
}

const comesBefore = (state: LeasedQuorumState, id: string, other: string, nowMillis: number): boolean =>
  isWilling(state, id, nowMillis) && (id < other || !isWilling(state, other, nowMillis))

const stoppingOf = ({ role }: LeasedQuorumState) => (role._tag === "Holder" ? role.stopping : undefined)
