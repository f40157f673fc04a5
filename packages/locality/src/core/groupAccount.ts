/** What a policy over a matrix reckons with, voter by voter: the numbers behind a verdict, whatever it was. */
import {
  candidatesOf,
  type MatrixPolicyLimits,
  type Obstacle,
  obstacleTo,
  type Weigh,
  type Weighing
} from "./matrixPolicy.ts"
import { clientCost, commitCost, scoreOf } from "./quorumCost.ts"
import type { QuorumView } from "./QuorumView.ts"
import type { GuardState } from "./transferGuards.ts"

/** One voter as leader, one that is away as if it were back, in ms per operation; Infinity where nothing is committed, or nothing bounds it. */
export interface VoterAccount {
  readonly id: string
  /** T: the clients' way to it. */
  readonly clientMillis: number
  /** C: its round trip to a quorum. */
  readonly commitMillis: number
  /** P: what leading from here costs beside distance. */
  readonly penaltyMillis: number
  /** S = T + rho C + P. */
  readonly scoreMillis: number
  /** Undefined when it may lead. */
  readonly obstacle: Obstacle | undefined
}

/** A group's voters as leaders, and the one that the policy would choose. */
export interface GroupAccount {
  readonly voters: ReadonlyArray<VoterAccount>
  /** Undefined when nobody may lead, or the leader does not vote. */
  readonly weighing: Weighing | undefined
}

/** Takes stock of a group as the policy sees it now. */
export const accountOf = (
  weigh: Weigh,
  state: GuardState,
  view: QuorumView,
  limits: MatrixPolicyLimits
): GroupAccount => {
  const reckoning = { bound: "hiMillis", outlook: "now" } as const
  const candidates = candidatesOf(state, view)
  return {
    voters: view.voters.map((voter, index) => ({
      id: voter.id,
      clientMillis: clientCost(view, index, reckoning.bound),
      commitMillis: commitCost(view, index, reckoning),
      penaltyMillis: voter.penaltyMillis,
      scoreMillis: scoreOf(view, index, limits.rho, reckoning),
      obstacle: obstacleTo(state, view.nowMillis, voter)
    })),
    weighing: candidates.current === -1 ? undefined : weigh(view, candidates, limits)
  }
}
