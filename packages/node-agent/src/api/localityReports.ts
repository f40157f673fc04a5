/** Where leaders sit, in the shapes of the API: why, how far from each other their places are, and what if. */
import { freshnessAt } from "@coterie/locality"
import { Clock, Effect } from "effect"

import { AgentBlocks } from "../AgentBlocks.ts"
import { besideOf, planNodes } from "../core/planNodes.ts"
import { AssumptionUnreadable, NotThere } from "./AgentApi.ts"
import type { ExplainGroupReport, LocalityPlanReport, RttReport } from "./localityResponses.ts"
import { asOf } from "./reports.ts"
import type { GroupsReport } from "./responses.ts"
import { placesIn, rttLinks } from "./rttLinks.ts"

const runningLocality = Effect.gen(function* () {
  const { locality } = yield* AgentBlocks
  return locality === undefined
    ? yield* new NotThere({
        detail: "this agent does not watch where leaders sit; set backend, and locality.enabled: true"
      })
    : locality
})

const head = Effect.gen(function* () {
  const { config } = yield* AgentBlocks
  return { node: config.node.id, asOf: yield* asOf }
})

/** Why a group is led from where it is. Fails with `NotThere` for a group about which nothing was decided. */
export const explainGroupReport = Effect.fnUntraced(function* (group: string) {
  const locality = yield* runningLocality
  const explanation = yield* Effect.mapError(
    locality.explain(group),
    ({ message }) => new NotThere({ detail: message })
  )
  return { schema: "explain-group/v1", ...(yield* head), explanation } satisfies ExplainGroupReport
})

/** Round trips between all places; `groups` is a recent reading of the engine's groups. */
export const rttReport = Effect.fnUntraced(function* (groups: GroupsReport) {
  const locality = yield* runningLocality
  const matrix = yield* locality.matrix
  const nowMillis = Number(yield* Clock.monotonicTimeNanos) / 1_000_000
  const replicas = replicasIn(groups)
  const beside = besideOf(yield* knownMembers)
  return {
    schema: "rtt/v1",
    ...(yield* head),
    places: placesIn(matrix).map((place) => {
      const there = replicas.filter(({ address, id }) => (address || id) === place)
      const zone = there.map((replica) => beside(replica)?.zone).find((known) => known !== undefined)
      return { place, zone, replicas: distinct(there) }
    }),
    links: rttLinks(matrix, freshnessAt(locality.options, nowMillis))
  } satisfies RttReport
})

/** What would be if. Fails with `AssumptionUnreadable`. */
export const localityPlanReport = Effect.fnUntraced(function* (
  assumptions: ReadonlyArray<string>,
  groups: GroupsReport
) {
  const locality = yield* runningLocality
  const nodes = planNodes(yield* knownMembers, replicasIn(groups))
  const plan = yield* Effect.mapError(
    locality.plan(assumptions, nodes),
    ({ at, expected, message, part, text }) =>
      new AssumptionUnreadable({ detail: message, text, part, at, expected })
  )
  return {
    schema: "locality-plan/v1",
    ...(yield* head),
    assumptions,
    nodes,
    groups: plan
  } satisfies LocalityPlanReport
})

const knownMembers = Effect.gen(function* () {
  const { membership } = yield* AgentBlocks
  return (yield* membership.members).map(({ address, id, metadata }) => ({
    id,
    address,
    zone: metadata["zone"]
  }))
})

const replicasIn = ({ groups }: GroupsReport) =>
  groups.flatMap(({ nonVoters, voters }) => [...voters, ...nonVoters])

const distinct = (replicas: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<string> =>
  [...new Set(replicas.map(({ id }) => id))].toSorted()
