/**
 * The look of the policies over the matrix: every agent measures its row, the one beside the leader reckons with all rows.
 *
 * Links are kept by place, which is a replica's address, so that groups on the same nodes share them.
 */
import { abilitiesFor, type GroupStatus, type Replica, type ReplicaReachability } from "@coterie/election"
import { Duration, Effect, Random, Ref } from "effect"

import { askForLinks } from "./askForLinks.ts"
import { agentRestMillis } from "./attempts.ts"
import { scoreNow } from "./core/cheapest.ts"
import type { PlanPolicy } from "./core/groupPlan.ts"
import { isDue } from "./core/probeSchedule.ts"
import { distancesBetween } from "./core/quorumDistances.ts"
import { boundedMillis } from "./core/QuorumVerdict.ts"
import type { QuorumView } from "./core/QuorumView.ts"
import { unguarded } from "./core/transferGuards.ts"
import { enterRound } from "./enterRound.ts"
import { heedEngineRows } from "./heedEngineRows.ts"
import { freshnessAt } from "./matrixLimits.ts"
import { type MeasuredRound, measureRounds, rowOf } from "./measureRow.ts"
import { monotonicMillis } from "./monotonicMillis.ts"
import type { Observation } from "./Observation.ts"
import { placeOf } from "./placeOf.ts"
import type { Pass } from "./Reconciliation.ts"
import type { ProbeTarget } from "./RttProbe.ts"

/** Reads the group, adds a round to this node's row, and asks the policy. */
export const observeByMatrix = Effect.fnUntraced(function* (
  pass: Pass,
  group: string,
  { decide, limits }: PlanPolicy
) {
  const { groups, guards, views } = pass
  const status = yield* groups.status(group)
  const rounds = yield* measureOwnRow(pass, status)
  const leads = status.leader === status.self && !status.electing
  // Only the leader's engine node is asked: the question makes it ask every other one.
  const reachability = leads ? yield* groups.reachability(group) : nobodyAsked
  const alive = new Set(
    status.voters
      .map(({ id }) => id)
      .filter((id) => id === status.self || reachability.get(id)?.reachable === true)
  )
  if (leads) yield* heedEngineRows(pass, status)
  const view = yield* viewOf(pass, status, alive)
  yield* Ref.update(views, (all) => (leads ? new Map(all).set(group, view) : without(all, group)))
  const [state, decided] = decide((yield* Ref.get(guards)).get(group) ?? unguarded, view, limits)
  const verdict = yield* askForLinks(pass, status, decided)
  yield* Ref.update(guards, (all) => new Map(all).set(group, state))
  const scores = leads
    ? new Map(view.voters.map(({ id }, voter) => [id, boundedMillis(scoreNow(view, voter, limits.rho))]))
    : undefined
  return { status, rowMillis: rowOf(rounds).rowMillis, scores, verdict } satisfies Observation
})

const nobodyAsked: ReadonlyMap<string, ReplicaReachability> = new Map()

const without = <A>(all: ReadonlyMap<string, A>, key: string): ReadonlyMap<string, A> =>
  all.has(key) ? new Map([...all].filter(([other]) => other !== key)) : all

/** The newest round to each other voter: made in this pass where the link is due. */
const measureOwnRow = Effect.fnUntraced(function* (pass: Pass, status: GroupStatus) {
  const { matrix, options, targets } = pass
  const { group, self, voters } = status
  const own = voters.find(({ id }) => id === self)
  if (own === undefined) return new Map<string, MeasuredRound>()
  const from = placeOf(own)
  const known = (yield* Ref.get(matrix)).own.get(from)
  const time = { nowMillis: yield* monotonicMillis, intervalMillis: Duration.toMillis(options.interval) }
  const reachable = targets.get(from) ?? new Map<string, ProbeTarget>()
  targets.set(from, reachable)
  const due: Array<Replica> = []
  const rounds = new Map<string, MeasuredRound>()
  for (const peer of voters.filter(({ id }) => id !== self)) {
    const to = placeOf(peer)
    reachable.set(to, { group, id: peer.id, address: peer.address })
    const last = known?.get(to)
    if (last === undefined || isDue(last, time, yield* Random.next)) due.push(peer)
    else rounds.set(peer.id, { bestMillis: last.all.at(-1)?.bestMillis, detail: "", sent: 0, answered: 0 })
  }
  const fresh = yield* measureRounds(pass, status, due, (to, round) => enterRound(pass, { from, to }, round))
  return new Map([...rounds, ...fresh])
})

const viewOf = Effect.fnUntraced(function* (
  pass: Pass,
  { electing, group, leader, self, term, voters }: GroupStatus,
  alive: ReadonlySet<string>
) {
  const { drainingPlaces, groups, matrix, options, stance } = pass
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
    agentRestMillis: yield* agentRestMillis(pass, nowMillis)
  } satisfies QuorumView
})
