/** A node that holds the lease: renewing it, moving its epoch past a stray promise, and handing it over (R4, R6, R8, R9). */
import { acceptRelease } from "./leaseAcceptor.ts"
import {
  nothing,
  openBid,
  persisted,
  query,
  request,
  sendAll,
  type Step,
  validUntil,
  vote,
  withVote
} from "./leaseBid.ts"
import type { Bid, LeasedQuorumState, LeaseRole, LossReason, Stopping } from "./leasedQuorumState.ts"
import type { LeaseAnswer, LeaseRelease } from "./leaseMessages.ts"
import { preferredTo } from "./leasePreference.ts"

type Holder = Extract<LeaseRole, { readonly _tag: "Holder" }>

/** A bid has won: leads and renews at once, so that everybody learns of it. */
export const becomeHolder = (
  state: LeasedQuorumState,
  bid: Bid,
  validUntilMillis: number,
  nowMillis: number
): Step => {
  const role: Holder = {
    _tag: "Holder",
    epoch: bid.epoch,
    votes: bid.votes,
    validUntilMillis,
    heldSinceMillis: nowMillis,
    rebid: undefined,
    stopping: undefined
  }
  const [next, renewal] = renew({ ...state, role, openSinceMillis: undefined, lateBids: 0 }, role, nowMillis)
  return [next, [{ _tag: "Lead", epoch: bid.epoch }, ...renewal]]
}

/** Asks for the votes again; when somebody promised past our epoch, bids for a higher one while this one is valid (R6). */
export const renew = (state: LeasedQuorumState, role: Holder, nowMillis: number): Step => {
  if (role.stopping !== undefined && nowMillis >= role.stopping.renewUntilMillis)
    return query(state, nowMillis)
  if (state.highestEpoch > role.epoch && role.rebid === undefined) {
    const [next, rebid, effects] = openBid(state, nowMillis)
    const [settled, lead] = settleRebid(next, role, rebid, nowMillis)
    return [settled, [...effects, ...lead]]
  }
  const message = request(state, "renew", role.epoch, nowMillis)
  const [next, verdict] = vote(state, state.self, message, nowMillis)
  const renewed = verdict === "granted" ? extended(next, role, state.self, nowMillis) : role
  return [{ ...next, role: renewed }, [...persisted(state, next), ...sendAll(state, message)]]
}

/** Counts a vote for the epoch held, or for the higher one bid for; for any other it comes too late (R7). */
export const countHolderVote = (
  state: LeasedQuorumState,
  role: Holder,
  {
    answer,
    from,
    nowMillis
  }: { readonly answer: LeaseAnswer; readonly from: string; readonly nowMillis: number }
): Step => {
  // A peer that invents a send time may shorten a lease, never lengthen it.
  const sentAtMillis = Math.min(answer.sentAtMillis, nowMillis)
  if (answer.epoch === role.epoch) {
    return [{ ...state, role: extended(state, role, from, sentAtMillis) }, nothing]
  }
  return role.rebid !== undefined && answer.epoch === role.rebid.epoch
    ? settleRebid(
        state,
        role,
        { ...role.rebid, votes: withVote(role.rebid.votes, from, sentAtMillis) },
        nowMillis
      )
    : [state, nothing]
}

/** R7: an epoch whose lease ran out is closed before anything else happens, so that no late vote revives it. */
export const closeExpired = (state: LeasedQuorumState, nowMillis: number): Step => {
  const { role } = state
  if (role._tag !== "Holder" || nowMillis < role.validUntilMillis) return [state, nothing]
  const reason = role.stopping === undefined ? "expired" : "overdue"
  return [follow(state, reason, nowMillis), [{ _tag: "Lost", epoch: role.epoch, reason }]]
}

/** Notices a failed higher bid, and a member that should lead instead. */
export const pollHolder = (state: LeasedQuorumState, role: Holder, nowMillis: number): Step => {
  if (role.rebid !== undefined && nowMillis - role.rebid.sentAtMillis >= state.timing.heartbeatMillis / 2) {
    return [{ ...state, role: { ...role, rebid: undefined } }, nothing]
  }
  const successor = role.stopping === undefined ? cooledDownSuccessor(state, role, nowMillis) : undefined
  return successor === undefined
    ? [state, nothing]
    : stopLeading(state, role, { nowMillis, reason: "preferred", to: successor })
}

/** Asks for the work to be stopped and keeps the lease until it has. */
export const stopLeading = (
  state: LeasedQuorumState,
  role: Holder,
  {
    nowMillis,
    reason,
    to
  }: {
    readonly nowMillis: number
    readonly reason: Stopping["reason"]
    readonly to: string | undefined
  }
): Step => {
  if (role.stopping !== undefined) return [state, nothing]
  const { epoch } = role
  const stopping: Stopping = { reason, to, epoch, renewUntilMillis: nowMillis + state.timing.drainMillis }
  return [{ ...state, role: { ...role, stopping } }, [{ _tag: "StopLeading", epoch, stopping }]]
}

/** R8: the epoch is closed; then everybody is told, and asked to keep a moment free for the successor. */
export const workStopped = (state: LeasedQuorumState, nowMillis: number, epoch: number): Step => {
  const { role, timing } = state
  if (role._tag !== "Holder" || role.stopping?.epoch !== epoch) return [state, nothing]
  const { reason, to } = role.stopping
  const release: LeaseRelease = {
    _tag: "Release",
    epoch: Math.max(role.epoch, role.rebid?.epoch ?? 0),
    reserveFor: to ?? null
  }
  const acceptor = acceptRelease(state.acceptor, state.self, release, {
    nowMillis,
    reserveMillis: timing.reserveMillis
  })
  return [
    { ...follow(state, reason, nowMillis), acceptor },
    [...sendAll(state, release), { _tag: "Lost", epoch: role.epoch, reason }]
  ]
}

/** Leads no more. Who gave leadership up, or cannot stop its work, stands back for a cooldown. */
const follow = (state: LeasedQuorumState, reason: LossReason, nowMillis: number): LeasedQuorumState => ({
  ...state,
  role: { _tag: "Follower" },
  openSinceMillis: undefined,
  unwillingUntilMillis:
    reason === "expired" || reason === "preferred"
      ? state.unwillingUntilMillis
      : nowMillis + state.timing.cooldownMillis
})

/** The lease never gets shorter by a vote: each grants a time of its own. */
const extended = (state: LeasedQuorumState, role: Holder, from: string, sentAtMillis: number): Holder => {
  const votes = withVote(role.votes, from, sentAtMillis)
  return { ...role, votes, validUntilMillis: Math.max(role.validUntilMillis, validUntil(state, votes)) }
}

const settleRebid = (state: LeasedQuorumState, role: Holder, rebid: Bid, nowMillis: number): Step => {
  const validUntilMillis = validUntil(state, rebid.votes)
  if (nowMillis >= validUntilMillis) return [{ ...state, role: { ...role, rebid } }, nothing]
  const held: Holder = {
    ...role,
    epoch: rebid.epoch,
    votes: rebid.votes,
    validUntilMillis: Math.max(role.validUntilMillis, validUntilMillis),
    rebid: undefined
  }
  return [
    { ...state, role: held },
    role.stopping === undefined ? [{ _tag: "Lead", epoch: rebid.epoch }] : nothing
  ]
}

/** A preferred member that has been alive for the whole cooldown of this leadership and sees a quorum itself. */
const cooledDownSuccessor = (state: LeasedQuorumState, role: Holder, nowMillis: number): string | undefined =>
  preferredTo(state, state.self, nowMillis).find((id) => {
    const sinceMillis = Math.max(state.contacts.get(id)?.liveSinceMillis ?? nowMillis, role.heldSinceMillis)
    return state.peers.get(id)?.seesQuorum === true && nowMillis - sinceMillis >= state.timing.cooldownMillis
  })
