/**
 * What an operation costs under a leader, in ms: the way from its client and the round trip to a quorum.
 *
 * Order statistics are monotone and 1-Lipschitz in the sup norm. So the lower (upper) bounds of the links give the lower (upper) bound of the
 * cost, and links known within e give the cost within e: the ground of every guarantee of `quorumLatency`.
 */
import type { Distance, QuorumView } from "./QuorumView.ts"

/** Remote acknowledgements that a write needs among this many voters: the quorum less the leader. */
export const remoteAcks = (voters: number): number => Math.floor(voters / 2)

/** Which end of the interval of each link counts. */
export type Bound = "loMillis" | "hiMillis"

/** The group as it is, or as it will be when every voter and link is back at its last known distance. */
export type Outlook = "now" | "healed"

/** How a cost is taken. */
export interface Reckoning {
  readonly bound: Bound
  readonly outlook: Outlook
}

/** The k-th smallest value, from 1; 0 for k = 0, Infinity when there are fewer. */
export const kthSmallest = (values: ReadonlyArray<number>, k: number): number =>
  k === 0 ? 0 : (values.toSorted((a, b) => a - b)[k - 1] ?? Number.POSITIVE_INFINITY)

/** Commit cost C: until the k-th nearest other voter has appended, or the leader itself when that takes longer. */
export const commitCost = (view: QuorumView, leader: number, reckoning: Reckoning): number => {
  const acknowledged: Array<number> = []
  for (let voter = 0; voter < view.voters.length; voter++) {
    if (voter !== leader) acknowledged.push(acknowledgement(view, leader, voter, reckoning))
  }
  const quorum = kthSmallest(acknowledged, remoteAcks(view.voters.length))
  return Math.max(view.voters[leader]?.appendMillis ?? 0, quorum)
}

/** When the voter's acknowledgement reaches the leader; never while one of them or the link is down. */
const acknowledgement = (
  view: QuorumView,
  leader: number,
  voter: number,
  { bound, outlook }: Reckoning
): number => {
  const distance = view.distances[leader]?.[voter]
  const other = view.voters[voter]
  if (distance === undefined || other === undefined) return Number.POSITIVE_INFINITY
  if (outlook === "now" && !(distance.up && other.alive)) return Number.POSITIVE_INFINITY
  return distance[bound] + other.appendMillis
}

/** Client cost T: the mean way from a request's origin to the leader; 0 without origins. */
export const clientCost = ({ origins }: QuorumView, leader: number, bound: Bound): number =>
  origins.reduce(
    (sum, { distances, share }) =>
      share === 0 ? sum : sum + share * (distances[leader]?.[bound] ?? Number.POSITIVE_INFINITY),
    0
  )

/** Score S = T + rho C + P: the expected ms of an operation of which the share `rho` needs a quorum. */
export const scoreOf = (view: QuorumView, leader: number, rho: number, reckoning: Reckoning): number =>
  clientCost(view, leader, reckoning.bound) +
  (rho === 0 ? 0 : rho * commitCost(view, leader, reckoning)) +
  (view.voters[leader]?.penaltyMillis ?? 0)

/** A link that decides a leader's cost. */
export interface DecidingLink {
  readonly from: string
  readonly to: string
  readonly distance: Distance
}

/** The links between a voter and every other that answers. */
export const linksOf = (view: QuorumView, leader: number): ReadonlyArray<DecidingLink> => {
  const from = view.voters[leader]?.id ?? ""
  const links: Array<DecidingLink> = []
  for (const [voter, { alive, id }] of view.voters.entries()) {
    const distance = view.distances[leader]?.[voter]
    if (voter !== leader && alive && distance?.up === true) links.push({ from, to: id, distance })
  }
  return links
}

/** The links to the k nearest voters that answer: those that make up the commit cost. */
export const decidingLinks = (view: QuorumView, leader: number): ReadonlyArray<DecidingLink> =>
  linksOf(view, leader)
    .toSorted(
      (a, b) => a.distance.hiMillis - b.distance.hiMillis || a.distance.loMillis - b.distance.loMillis
    )
    .slice(0, remoteAcks(view.voters.length))
