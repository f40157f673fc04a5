/** A node that does not lead: when it bids, what becomes of the bid, and how a failed one is taken back (R5, R7). */
import { acceptRelease, activeGrant, isReservedForAnother } from "./leaseAcceptor.ts"
import { nothing, openBid, sendAll, type Step, validUntil, withVote } from "./leaseBid.ts"
import type { Bid, LeasedQuorumState } from "./leasedQuorumState.ts"
import { becomeHolder } from "./leaseHolder.ts"
import type { LeaseAnswer, LeaseRelease } from "./leaseMessages.ts"
import { couldWin, mayStillWin, preferredTo } from "./leasePreference.ts"

/** Bids once it is this node's turn: the smallest live member at once, each further one a moment later. */
export const pollFollower = (state: LeasedQuorumState, nowMillis: number): Step => {
  // The wait for its turn starts when a reservation ends; else all members would be due at that same moment.
  if (!couldWin(state, nowMillis) || isReservedForAnother(state.acceptor, state.self, nowMillis)) {
    return [closed(state, nowMillis), nothing]
  }
  const openSinceMillis = state.openSinceMillis ?? nowMillis
  const open = state.openSinceMillis === undefined ? { ...state, openSinceMillis } : state
  const waits = preferredTo(open, open.self, nowMillis).length * open.timing.deferMillis
  return nowMillis >= Math.max(openSinceMillis + waits, open.backOffUntilMillis)
    ? tryToBid(open, nowMillis)
    : [open, nothing]
}

/** Leadership is not to be had now; once somebody leads, bids do arrive in time. */
const closed = (state: LeasedQuorumState, nowMillis: number): LeasedQuorumState => {
  const lateBids = activeGrant(state.acceptor, nowMillis)?.established === true ? 0 : state.lateBids
  return state.openSinceMillis === undefined && state.lateBids === lateBids
    ? state
    : { ...state, openSinceMillis: undefined, lateBids }
}

/** Bids unless this node's own vote, a reservation or the wait after a restart stands against it. */
export const tryToBid = (state: LeasedQuorumState, nowMillis: number): Step => {
  const mayBid =
    state.role._tag === "Follower" &&
    nowMillis >= state.acceptor.bootUntilMillis &&
    !isReservedForAnother(state.acceptor, state.self, nowMillis) &&
    couldWin(state, nowMillis)
  if (!mayBid) return [state, nothing]
  const [next, bid, effects] = openBid(state, nowMillis)
  if (!bid.votes.has(state.self)) return [state, nothing]
  const [settled, lead] = settleBid(next, bid, nowMillis)
  return [settled, [...effects, ...lead]]
}

/** Counts a vote for the bid; a vote for an earlier one comes too late (R7). */
export const countCandidateVote = (
  state: LeasedQuorumState,
  bid: Bid,
  {
    answer,
    from,
    nowMillis
  }: { readonly answer: LeaseAnswer; readonly from: string; readonly nowMillis: number }
): Step => {
  if (answer.epoch !== bid.epoch) return [state, nothing]
  const votes = withVote(bid.votes, from, Math.min(answer.sentAtMillis, nowMillis))
  return settleBid(state, { ...bid, votes }, nowMillis)
}

/** Notes who refused the bid. */
export const countRefusal = (state: LeasedQuorumState, from: string, epoch: number): LeasedQuorumState => {
  const { role } = state
  if (role._tag !== "Candidate" || role.bid.epoch !== epoch || role.bid.refusedBy.includes(from)) return state
  return { ...state, role: { ...role, bid: { ...role.bid, refusedBy: [...role.bid.refusedBy, from] } } }
}

/** A bid fails when half a heartbeat, or more after each that was late, runs out or too many refused; refusals only mean "not yet", so the next try comes sooner. */
export const pollCandidate = (
  state: LeasedQuorumState,
  bid: Bid,
  nowMillis: number,
  random: number
): Step => {
  const { deferMillis, heartbeatMillis, leaseMillis } = state.timing
  if (bid.refusedBy.length > 0 && !mayStillWin(state, bid.refusedBy, nowMillis)) {
    return abandon(state, bid, nowMillis, nowMillis + (random * deferMillis) / 2)
  }
  // On a network or disk slower than half a heartbeat a fixed wait would never end in a leader.
  const patienceMillis = Math.min((heartbeatMillis / 2) * 2 ** state.lateBids, leaseMillis / 2)
  if (nowMillis - bid.sentAtMillis < patienceMillis) return [state, nothing]
  // A refusal tells of another bid, which longer waits would only keep from winning.
  const isLate = bid.refusedBy.length === 0
  return abandon(
    isLate ? { ...state, lateBids: state.lateBids + 1 } : state,
    bid,
    nowMillis,
    nowMillis + random * Math.max(heartbeatMillis, 2 * patienceMillis)
  )
}

const settleBid = (state: LeasedQuorumState, bid: Bid, nowMillis: number): Step => {
  const validUntilMillis = validUntil(state, bid.votes)
  return nowMillis >= validUntilMillis
    ? [{ ...state, role: { _tag: "Candidate", bid } }, nothing]
    : becomeHolder(state, bid, validUntilMillis, nowMillis)
}

/** R7: frees the votes lent to a bid that came to nothing; its epoch is never counted again. */
const abandon = (state: LeasedQuorumState, bid: Bid, nowMillis: number, backOffUntilMillis: number): Step => {
  const release: LeaseRelease = { _tag: "Release", epoch: bid.epoch, reserveFor: null }
  const acceptor = acceptRelease(state.acceptor, state.self, release, {
    nowMillis,
    reserveMillis: state.timing.reserveMillis
  })
  return [{ ...state, role: { _tag: "Follower" }, acceptor, backOffUntilMillis }, sendAll(state, release)]
}
