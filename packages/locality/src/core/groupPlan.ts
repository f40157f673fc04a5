/** Where leadership would belong, and what an operation would cost, in a world that is supposed: with the reconciler's own policy. */
import { type Assumption, suppose } from "./assumptions.ts"
import { cheapest, scoreNow } from "./cheapest.ts"
import { candidatesOf, type MatrixPolicy, type MatrixPolicyLimits, type Weigh } from "./matrixPolicy.ts"
import { commitCost } from "./quorumCost.ts"
import type { QuorumReason } from "./QuorumVerdict.ts"
import type { QuorumView } from "./QuorumView.ts"
import { unguarded } from "./transferGuards.ts"

/** The policy of a plan. */
export interface PlanPolicy {
  readonly decide: MatrixPolicy
  readonly weigh: Weigh
  readonly limits: MatrixPolicyLimits
}

/** Leadership of a group in one world; scores in ms per operation, undefined where nothing bounds them. */
export interface Placement {
  /** Undefined when it is down. */
  readonly leader: string | undefined
  readonly leaderMillis: number | undefined
  /** The voter that the policy would choose; undefined when nobody may lead. */
  readonly best: string | undefined
  readonly bestMillis: number | undefined
  /** No voter reaches a quorum: nothing can be written. */
  readonly quorumLost: boolean
  /** The transfer that the reconciler would make once its waits are over; undefined when it would make none, */
  readonly target: string | undefined
  /** and why. */
  readonly reason: QuorumReason["_tag"] | undefined
}

/** What it costs to lose one voter. */
export interface VoterLoss {
  readonly voter: string
  readonly quorumLost: boolean
  /** How much dearer an operation becomes under the best leader that remains, in ms; undefined where that cannot be said. */
  readonly costMillis: number | undefined
}

/** A group before and after what is supposed. */
export interface GroupPlan {
  readonly before: Placement
  readonly after: Placement
  /** For each voter that is up afterwards, sorted by id. */
  readonly losses: ReadonlyArray<VoterLoss>
}

/** Plans one group. */
export const planGroup = (
  view: QuorumView,
  assumptions: ReadonlyArray<Assumption>,
  policy: PlanPolicy
): GroupPlan => {
  const supposed = assumptions.reduce(suppose, view)
  const after = placementOf(supposed, policy)
  const losses = supposed.voters
    .filter(({ alive }) => alive)
    .map(({ id: voter }) => {
      const without = placementOf(suppose(supposed, { _tag: "Down", replicas: new Set([voter]) }), policy)
      return { voter, quorumLost: without.quorumLost, costMillis: less(without.bestMillis, after.bestMillis) }
    })
    .toSorted((a, b) => (a.voter < b.voter ? -1 : 1))
  return { before: placementOf(view, policy), after, losses }
}

const less = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? undefined : one - other

/** Nobody is waited for: a plan is about where things end. */
const impatience = { persistenceRounds: 1, persistenceMillis: 0, settleMillis: 0, cooldownMillis: 0 } as const

const placementOf = (view: QuorumView, { decide, limits, weigh }: PlanPolicy): Placement => {
  const score = (voter: number) => finite(scoreNow(view, voter, limits.rho))
  const quorumLost = !view.voters.some((_, voter) => reachesQuorum(view, voter))
  const leader = view.voters.findIndex(({ alive, id }) => alive && id === view.leader)
  const best = quorumLost ? -1 : bestOf(view, leader, weigh, limits)
  const placed = {
    leader: view.voters[leader]?.id,
    leaderMillis: leader === -1 ? undefined : score(leader),
    best: view.voters[best]?.id,
    bestMillis: best === -1 ? undefined : score(best),
    quorumLost
  }
  if (leader === -1) return { ...placed, target: undefined, reason: "electing" }
  const [, verdict] = decide(unguarded, { ...view, agentRestMillis: 0 }, { ...limits, ...impatience })
  return verdict._tag === "Transfer"
    ? { ...placed, target: verdict.target, reason: undefined }
    : { ...placed, target: undefined, reason: verdict.reason._tag }
}

/** The policy's choice; without a leader, the cheapest of those that may be elected. */
const bestOf = (view: QuorumView, leader: number, weigh: Weigh, limits: MatrixPolicyLimits): number => {
  const candidates = candidatesOf(unguarded, view)
  const best =
    leader === -1
      ? cheapest(view, candidates.others, limits.rho)?.id
      : weigh(view, { ...candidates, current: leader }, limits)?.best
  return view.voters.findIndex(({ id }) => id === best)
}

const reachesQuorum = (view: QuorumView, voter: number): boolean =>
  view.voters[voter]?.alive === true &&
  Number.isFinite(commitCost(view, voter, { bound: "loMillis", outlook: "now" }))

const finite = (millis: number): number | undefined => (Number.isFinite(millis) ? millis : undefined)
