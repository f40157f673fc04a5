/** Who should lead rather than whom: the smallest live member that is willing and able (R5). */
import { activeGrant } from "./leaseAcceptor.ts"
import { type LeasedQuorumState, liveMembers } from "./leasedQuorumState.ts"
import { quorumSize } from "./quorumSize.ts"

/** Live and willing members with a smaller id, smallest first. */
export const preferredTo = (state: LeasedQuorumState, id: string, nowMillis: number): ReadonlyArray<string> =>
  liveMembers(state, nowMillis).filter(
    (member) =>
      member < id && member !== lapsedHolder(state, nowMillis) && isWilling(state, member, nowMillis)
  )

/** Who leads best after this node: the smallest other live and willing member that sees a quorum. */
export const successor = (state: LeasedQuorumState, nowMillis: number): string | undefined =>
  liveMembers(state, nowMillis).find(
    (id) => id !== state.self && isWilling(state, id, nowMillis) && state.peers[id]?.seesQuorum === true
  )

/** Whether enough live members have, as far as this node knows, no vote out to somebody else. */
export const couldWin = (state: LeasedQuorumState, nowMillis: number): boolean => {
  const free = liveMembers(state, nowMillis).filter((id) => {
    const grant = id === state.self ? activeGrant(state.acceptor, nowMillis) : state.peers[id]?.grant
    return grant === undefined || grant.holder === state.self || nowMillis >= grant.expiresAtMillis
  })
  return free.length >= quorumSize(state.members.length)
}

/** Who let its lease run out: alive or not, it cannot lead, so nobody waits for it. */
const lapsedHolder = ({ acceptor }: LeasedQuorumState, nowMillis: number): string | undefined =>
  acceptor.grant?.established === true && nowMillis >= acceptor.grant.expiresAtMillis
    ? acceptor.grant.holder
    : undefined

const isWilling = (state: LeasedQuorumState, id: string, nowMillis: number): boolean =>
  id === state.self ? nowMillis >= state.unwillingUntilMillis : (state.peers[id]?.willing ?? true)
