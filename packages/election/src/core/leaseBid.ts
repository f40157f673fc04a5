/** What candidates and holders share: the votes of one's own acceptor, requests to the others, and how long votes are valid. */
import { decideGrant } from "./leaseAcceptor.ts"
import type { Bid, LeasedQuorumEffect, LeasedQuorumState, Votes } from "./leasedQuorumState.ts"
import type { LeaseMessage, LeaseRefusal, LeaseRequest } from "./leaseMessages.ts"
import { quorumSize } from "./quorumSize.ts"

/** State after an event, and what to do. */
export type Step = readonly [LeasedQuorumState, ReadonlyArray<LeasedQuorumEffect>]

/** No effects. */
export const nothing: ReadonlyArray<LeasedQuorumEffect> = []

/** A message to every other member. */
export const sendAll = (
  { members, self }: LeasedQuorumState,
  message: LeaseMessage
): ReadonlyArray<LeasedQuorumEffect> =>
  members.filter((id) => id !== self).map((to) => ({ _tag: "Send", to, message }))

/** A request of this node, sent now. */
export const request = (
  state: LeasedQuorumState,
  kind: LeaseRequest["kind"],
  epoch: number,
  nowMillis: number
): LeaseRequest => ({
  _tag: "Request",
  kind,
  epoch,
  sentAtMillis: nowMillis,
  config: state.config
})

/** Asks everybody what they know. */
export const query = (state: LeasedQuorumState, nowMillis: number): Step => [
  state,
  sendAll(state, request(state, "query", 0, nowMillis))
]

/** Lets this node's acceptor decide on a request, be it another's or its own. */
export const vote = (
  state: LeasedQuorumState,
  from: string,
  message: LeaseRequest,
  nowMillis: number
): readonly [LeasedQuorumState, "granted" | LeaseRefusal] => {
  const [acceptor, verdict] = decideGrant(state.acceptor, from, message, {
    nowMillis,
    leaseMillis: state.timing.leaseMillis
  })
  return [{ ...state, acceptor, highestEpoch: Math.max(state.highestEpoch, acceptor.promised) }, verdict]
}

/** A grown promise goes to disk before anything is sent. */
export const persisted = (
  before: LeasedQuorumState,
  after: LeasedQuorumState
): ReadonlyArray<LeasedQuorumEffect> =>
  after.acceptor.promised > before.acceptor.promised
    ? [{ _tag: "Persist", promised: after.acceptor.promised }]
    : nothing

/** Notes a granted vote; of several from one acceptor the newest request counts. */
export const withVote = (votes: Votes, from: string, sentAtMillis: number): Votes =>
  new Map(votes).set(from, Math.max(votes.get(from) ?? sentAtMillis, sentAtMillis))

/** Until when votes make a holder: a quorum granted requests sent at or after the q-th newest send time (R4). */
export const validUntil = (state: LeasedQuorumState, votes: Votes): number => {
  const sendTimes = [...votes.values()].toSorted((a, b) => b - a)
  const counted = sendTimes[quorumSize(state.members.length) - 1]
  return counted === undefined
    ? Number.NEGATIVE_INFINITY
    : counted + state.timing.leaseMillis - state.timing.guardMillis
}

/** Bids for an epoch above all that were heard of: votes for oneself by the same rules as for others, then asks everybody else. */
export const openBid = (
  state: LeasedQuorumState,
  nowMillis: number
): readonly [LeasedQuorumState, Bid, ReadonlyArray<LeasedQuorumEffect>] => {
  const epoch = Math.max(state.highestEpoch, state.acceptor.promised) + 1
  const message = request(state, "bid", epoch, nowMillis)
  const [next, verdict] = vote(state, state.self, message, nowMillis)
  const votes: Votes = new Map(verdict === "granted" ? [[state.self, nowMillis]] : [])
  return [
    { ...next, highestEpoch: epoch },
    { epoch, sentAtMillis: nowMillis, votes, refusedBy: [] },
    [...persisted(state, next), ...sendAll(state, message)]
  ]
}
