/**
 * A Raft group as locality sees it, on a virtual clock: who leads, in which term, and an agent beside each voter. A transfer succeeds at once
 * and nobody else campaigns, so every change of leadership is one that a policy wanted.
 */
import type { GroupView } from "@coterie/locality/core/LeaderPolicy"
import type { MatrixPolicyLimits } from "@coterie/locality/core/matrixPolicy"
import { nearestPeer } from "@coterie/locality/core/nearestPeer"
import { quorumLatency } from "@coterie/locality/core/quorumLatency"
import type { Distance, QuorumView } from "@coterie/locality/core/QuorumView"
import { type GuardState, recordAttempt, recordEnd, unguarded } from "@coterie/locality/core/transferGuards"

/** Time between two looks of an agent: the default of `LocalityOptions`. */
export const intervalMillis = 90_000

/** The defaults of `LocalityOptions`. */
export const limits: MatrixPolicyLimits = {
  persistenceRounds: 3,
  persistenceMillis: 60_000,
  settleMillis: 60_000,
  cooldownMillis: 600_000,
  attemptsPerDay: 3,
  evacuationMillis: 30_000,
  gainMillis: 5,
  gainRatio: 0.05,
  rho: 1,
  allowEstimated: false,
  allowUntargeted: false,
  strictAllReachable: false,
  preference: []
}

/** Distances as the agent beside the leader reads them. */
export type Distances = ReadonlyArray<ReadonlyArray<Distance>>

/** What an agent of a healthy group sees. */
export const viewOf = (
  ids: ReadonlyArray<string>,
  leader: number,
  distances: Distances,
  nowMillis: number
): QuorumView => ({
  nowMillis,
  self: ids[leader] ?? "",
  leader: ids[leader],
  term: undefined,
  electing: false,
  voters: ids.map((id) => ({ id, alive: true, ineligible: undefined, appendMillis: 0, penaltyMillis: 0 })),
  distances,
  origins: [],
  paused: false,
  draining: false,
  targeted: true,
  agentRestMillis: 0
})

/** Where leadership went. */
export interface Run {
  readonly leader: number
  readonly transfers: number
}

/** Ten hours of looks. */
export const looksMax = 400

/**
 * Lets the agents look once an interval. With `untilSettled` it ends as soon as an agent is content, which is for good when the distances do
 * not change. Attempts are known to all agents at once.
 */
export const runQuorumLatency = (
  ids: ReadonlyArray<string>,
  start: number,
  look: (leader: number, number: number) => Distances,
  untilSettled: boolean
): Run => {
  const states: Array<GuardState> = ids.map(() => unguarded)
  let leader = start
  let transfers = 0
  for (let number = 1; number <= looksMax; number++) {
    const nowMillis = number * intervalMillis
    const view = viewOf(ids, leader, look(leader, number), nowMillis)
    const [state, verdict] = quorumLatency(states[leader] ?? unguarded, view, limits)
    states[leader] = state
    if (verdict._tag === "Stay") {
      if (untilSettled && verdict.reason._tag === "gainTooSmall") break
      continue
    }
    const attempt = {
      from: view.self,
      to: verdict.target,
      term: undefined,
      atMillis: nowMillis,
      voluntary: true
    }
    for (const [agent, known] of states.entries()) states[agent] = recordAttempt(known, attempt, nowMillis)
    states[leader] = recordEnd(
      states[leader] ?? unguarded,
      { target: verdict.target, moved: true, freezeMillis: 0 },
      nowMillis
    )
    leader = ids.indexOf(verdict.target)
    transfers += 1
  }
  return { leader, transfers }
}

const cooldownMillis = 600_000

/** The same for `nearestPeer`, whose cooldown belongs to a node. */
export const runNearestPeer = (
  ids: ReadonlyArray<string>,
  start: number,
  row: (leader: number, number: number) => ReadonlyArray<number>
): Run => {
  const restUntilMillis = ids.map(() => 0)
  let leader = start
  let transfers = 0
  for (let number = 1; number <= looksMax; number++) {
    const nowMillis = number * intervalMillis
    const target = nearestTarget(ids, leader, row(leader, number), (restUntilMillis[leader] ?? 0) - nowMillis)
    if (target === undefined) continue
    restUntilMillis[leader] = nowMillis + cooldownMillis
    leader = target
    transfers += 1
  }
  return { leader, transfers }
}

/** Whom `nearestPeer` would hand over to, by index. */
export const nearestTarget = (
  ids: ReadonlyArray<string>,
  leader: number,
  row: ReadonlyArray<number>,
  restMillis = 0
): number | undefined => {
  const view: GroupView = {
    self: ids[leader] ?? "",
    leader: ids[leader],
    rowMillis: new Map(ids.flatMap((id, voter) => (voter === leader ? [] : [[id, row[voter] ?? 0]]))),
    unreachable: [],
    cooldownRemainingMillis: Math.max(0, restMillis),
    rttThresholdMillis: 100
  }
  const verdict = nearestPeer(view)
  return verdict._tag === "Transfer" ? ids.indexOf(verdict.target) : undefined
}
