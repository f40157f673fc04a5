/**
 * The look of the policies over the matrix: every agent measures its row, the one beside the leader reckons with all rows.
 *
 * Links are kept by place, which is a replica's address, so that groups on the same nodes share them.
 */
import { abilitiesFor, type GroupStatus, type ReplicaReachability } from "@coterie/election"
import { Effect, Ref } from "effect"

import { agentRestMillis } from "./attempts.ts"
import { scoreNow } from "./core/cheapest.ts"
import type { PlanPolicy } from "./core/groupPlan.ts"
import { recordRound } from "./core/latencyMatrix.ts"
import { distancesBetween } from "./core/quorumDistances.ts"
import { boundedMillis } from "./core/QuorumVerdict.ts"
import type { QuorumView } from "./core/QuorumView.ts"
import { unguarded } from "./core/transferGuards.ts"
import { heedEngineRows } from "./heedEngineRows.ts"
import { freshnessAt } from "./matrixLimits.ts"
import { type MeasuredRound, measureRounds, rowOf } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Observation } from "./Observation.ts"
import { placeOf } from "./placeOf.ts"
import type { Reconciliation } from "./Reconciliation.ts"

/** Reads the group, adds a round to this node's row, and asks the policy. */
export const observeByMatrix = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  group: string,
  { decide, limits }: PlanPolicy
) {
  const { groups, guards, views } = reconciliation
  const status = yield* groups.status(group)
  const rounds = yield* measureOwnRow(reconciliation, status)
  const leads = status.leader === status.self && !status.electing
  // Only the leader's engine node is asked: the question makes it ask every other one.
  const reachability = leads ? yield* groups.reachability(group) : nobodyAsked
  const alive = new Set(
    status.voters
      .map(({ id }) => id)
      .filter((id) => id === status.self || reachability.get(id)?.reachable === true)
  )
  if (leads) yield* heedEngineRows(reconciliation, status)
  const view = yield* viewOf(reconciliation, status, alive)
  yield* Ref.update(views, (all) => (leads ? new Map(all).set(group, view) : without(all, group)))
  const [state, verdict] = decide((yield* Ref.get(guards)).get(group) ?? unguarded, view, limits)
  yield* Ref.update(guards, (all) => new Map(all).set(group, state))
  const scores = leads
    ? new Map(view.voters.map(({ id }, voter) => [id, boundedMillis(scoreNow(view, voter, limits.rho))]))
    : undefined
  return { status, rowMillis: rowOf(rounds).rowMillis, scores, verdict } satisfies Observation
})

const nobodyAsked: ReadonlyMap<string, ReplicaReachability> = new Map()

const without = <A>(all: ReadonlyMap<string, A>, key: string): ReadonlyMap<string, A> =>
  all.has(key) ? new Map([...all].filter(([other]) => other !== key)) : all

/** One round to each other voter, less the links that another group's look has measured in this pass. */
const measureOwnRow = Effect.fnUntraced(function* (
  { matrix, options, probe, probed }: Reconciliation,
  { group, self, voters }: GroupStatus
) {
  const own = voters.find(({ id }) => id === self)
  if (own === undefined) return new Map<string, MeasuredRound>()
  const from = placeOf(own)
  const done = probed.get(from) ?? new Map<string, MeasuredRound>()
  const peers = voters.filter(({ id }) => id !== self)
  const due = peers.filter((peer) => !done.has(placeOf(peer)))
  const fresh = yield* measureRounds(probe, group, due, options)
  const atMillis = yield* monotonicMillis
  for (const peer of due) {
    const round = fresh.get(peer.id)
    if (round === undefined) continue
    const { answered, bestMillis, sent } = round
    const to = placeOf(peer)
    yield* Ref.update(matrix, (before) =>
      recordRound(before, { from, to }, { atMillis, bestMillis, sent, lost: sent - answered })
    )
    done.set(to, round)
  }
  probed.set(from, done)
  return new Map(
    peers.flatMap((peer) => {
      const round = done.get(placeOf(peer))
      return round === undefined ? [] : [[peer.id, round] as const]
    })
  )
})

const viewOf = Effect.fnUntraced(function* (
  reconciliation: Reconciliation,
  { electing, group, leader, self, term, voters }: GroupStatus,
  alive: ReadonlySet<string>
) {
  const { drainingPlaces, groups, matrix, options, stance } = reconciliation
  const nowMillis = yield* monotonicMillis
  const asked = yield* Ref.get(stance)
  const draining = yield* Ref.get(drainingPlaces)
  const places = voters.map(placeOf)
  return {
    nowMillis,
    self,
    leader,
    term,
    electing,
    voters: voters.map((voter) => ({
      id: voter.id,
      alive: alive.has(voter.id),
      ineligible: draining.has(placeOf(voter)) ? "draining" : undefined,
      appendMillis: 0,
      penaltyMillis: 0
    })),
    distances: distancesBetween(
      yield* Ref.get(matrix),
      places,
      freshnessAt(options, nowMillis),
      options.allowEstimated ? "coordinates" : "triangle"
    ),
    origins: [],
    paused: asked === "paused",
    draining: asked === "draining",
    targeted: abilitiesFor(groups, group).capabilities.targeted,
    agentRestMillis: yield* agentRestMillis(reconciliation, nowMillis)
  } satisfies QuorumView
})
