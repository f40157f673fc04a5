/** Who should lead rather than whom: the smallest live member, willing ones first (R5). */
import { activeGrant } from "./leaseAcceptor.ts"
import { type LeasedQuorumState, liveMembers } from "./leasedQuorumState.ts"
import { quorumSize } from "./quorumSize.ts"

/** Live and willing members with a smaller id, smallest first; before a member that stepped down, all willing ones. */
export const preferredTo = (
  state: LeasedQuorumState,
  id: string,
  nowMillis: number
): ReadonlyArray<string> => {
  const last = lastHolder(state)
  const ready = isWilling(state, id, nowMillis)
  return liveMembers(state, nowMillis).filter(
    (member) =>
      member !== id && member !== last && isWilling(state, member, nowMillis) && (!ready || member < id)
  )
}

/** Who leads best after this node: the smallest other live member that sees a quorum, a willing one if there is any. */
export const successor = (state: LeasedQuorumState, nowMillis: number): string | undefined => {
  const able = liveMembers(state, nowMillis).filter((id) => state.peers.get(id)?.seesQuorum === true)
  return able.find((id) => isWilling(state, id, nowMillis)) ?? able[0]
}

/** Whether enough live members have, as far as this node knows, no vote out to somebody else. */
export const couldWin = (state: LeasedQuorumState, nowMillis: number): boolean => {
  const free = liveMembers(state, nowMillis).filter((id) => {
    const grant = id === state.self ? activeGrant(state.acceptor, nowMillis) : state.peers.get(id)?.grant
    return grant === undefined || grant.holder === state.self || nowMillis >= grant.expiresAtMillis
  })
  return free.length >= quorumSize(state.members.length)
}

/** Whether a bid could still win: enough members are left that are alive, did not refuse it, and did not just let their own lease run out. */
export const mayStillWin = (
  state: LeasedQuorumState,
  refusedBy: ReadonlyArray<string>,
  nowMillis: number
): boolean => {
  const last = lastHolder(state)
  const left = liveMembers(state, nowMillis).filter((id) => id !== last && !refusedBy.includes(id))
  return left.length >= quorumSize(state.members.length)
}

/** Who leads or let its lease run out: once bids are due, it is gone or too slow, so nobody waits for it. */
const lastHolder = ({ acceptor }: LeasedQuorumState): string | undefined =>
  acceptor.grant?.established === true ? acceptor.grant.holder : undefined

/** Whether a member did not step down lately. */
export const isWilling = (state: LeasedQuorumState, id: string, nowMillis: number): boolean =>
  id === state.self ? nowMillis >= state.unwillingUntilMillis : (state.peers.get(id)?.willing ?? true)
