/** What this node knows, in the shapes of the API. */
import { ConsensusError, type GroupStatus } from "@coterie/election"
import type { Decision } from "@coterie/locality"
import type { Swim } from "@coterie/membership"
import { Clock, DateTime, Duration, Effect } from "effect"

import { AgentBlocks } from "../AgentBlocks.ts"
import { versionLabel } from "../memberLabels.ts"
import { EngineUnavailable, NotThere } from "./AgentApi.ts"
import type { DecisionsReport, GroupReport, GroupsReport, LeaderReport, MembersReport } from "./responses.ts"

/** How long the local engine node may take to report one group. */
const engineTimeout = Duration.seconds(2)
/** Groups that are read at a time. */
const engineConcurrency = 16

/** Now, as reports write it. */
export const asOf = Effect.map(DateTime.now, DateTime.formatIso)

/** Every member as this node sees it. */
export const membersReport = Effect.gen(function* () {
  const { config, election, membership, reachability, swim } = yield* AgentBlocks
  const leader = election === undefined ? undefined : (yield* election.leadership).leader
  const now = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
  const members = yield* Effect.forEach(
    yield* membership.members,
    Effect.fnUntraced(function* ({ address, id, metadata, sinceMillis, state }) {
      const { zone, [versionLabel]: version, ...tags } = metadata
      const self = id === membership.self
      const sinceMs = Math.max(0, Math.round(now - sinceMillis))
      const reach = yield* reachability.reach(id)
      const seen = { id, self, state, sinceMs, leader: id === leader, zone, address, tags, version, reach }
      return { ...seen, ...(swim === undefined ? {} : yield* swimStanding(swim, id)) }
    })
  )
  return { schema: "members/v1", node: config.node.id, asOf: yield* asOf, members } satisfies MembersReport
})

/** What SWIM knows of a member besides. */
const swimStanding = Effect.fnUntraced(function* (swim: Swim["Service"], id: string) {
  const trip = yield* swim.rtt(id)
  const { generation, incarnation, reason, suspicion } = (yield* swim.explain(id)) ?? {}
  return {
    generation,
    incarnation,
    rttMs: trip && Math.round(Duration.toMillis(trip.rtt) * 1000) / 1000,
    reason,
    suspicion: suspicion && {
      by: suspicion.accuser,
      confirmedBy: suspicion.confirmedBy,
      leftMs: Math.round(suspicion.leftMillis)
    }
  }
})

/** Who leads the agents. Fails with `NotThere` when they elect nobody. */
export const ownLeaderReport = Effect.gen(function* () {
  const { election } = yield* AgentBlocks
  if (election === undefined)
    return yield* new NotThere({
      detail: "this agent takes part in no election; ask for a group with ?group="
    })
  const { leader, term } = yield* election.leadership
  const isLeader = yield* election.isLeader
  const quorum = yield* election.quorum
  return {
    schema: "leader/v1",
    self: election.self,
    leader,
    isLeader,
    term,
    quorum
  } satisfies LeaderReport
})

/** Who leads a group of the engine. Fails with `NotThere` for an unknown group, with `EngineUnavailable` when the engine does not answer. */
export const groupLeaderReport = Effect.fnUntraced(function* (group: string) {
  const { consensusGroups } = yield* AgentBlocks
  if (consensusGroups === undefined)
    return yield* new NotThere({ detail: "this agent looks after no engine; set backend.kind" })
  const status = yield* consensusGroups.status(group).pipe(
    Effect.timeoutOrElse({
      duration: engineTimeout,
      orElse: () => Effect.fail(silence(group))
    }),
    Effect.mapError((error) => {
      if (error instanceof ConsensusError && error.reason._tag === "UnknownGroup")
        return new NotThere({ detail: error.message })
      return new EngineUnavailable({ detail: typeof error === "string" ? error : error.message })
    })
  )
  const { leader, self, term } = status
  return {
    schema: "leader/v1",
    group,
    self,
    leader,
    term,
    isLeader: leader === self
  } satisfies LeaderReport
})

/** Every group of the engine, read from the local engine node. */
export const groupsReport = Effect.gen(function* () {
  const { config, consensusGroups, locality } = yield* AgentBlocks
  const head = { schema: "groups/v1", node: config.node.id, asOf: yield* asOf } as const
  if (consensusGroups === undefined) return { ...head, groups: [] } satisfies GroupsReport
  const { engine } = consensusGroups
  const latest: ReadonlyMap<string, Decision> = locality === undefined ? new Map() : yield* locality.latest
  return yield* consensusGroups.list.pipe(
    Effect.flatMap(
      Effect.forEach((group) => readGroup(consensusGroups.status(group), group, latest.get(group)), {
        concurrency: engineConcurrency
      })
    ),
    Effect.map((groups): GroupsReport => ({ ...head, engine, groups })),
    Effect.catch((error) =>
      Effect.succeed<GroupsReport>({ ...head, engine, groups: [], error: error.message })
    )
  )
})

const readGroup = (
  status: Effect.Effect<GroupStatus, ConsensusError>,
  group: string,
  decision: Decision | undefined
): Effect.Effect<GroupReport> =>
  status.pipe(
    Effect.map(({ electing, leader, nonVoters, self, term, voters }): GroupReport => ({
      group,
      self,
      leader,
      term,
      electing,
      voters: voters.map((voter) => ({ ...voter, rttMs: decision?.row[voter.id] })),
      nonVoters,
      decision
    })),
    Effect.timeoutOrElse({
      duration: engineTimeout,
      orElse: () => Effect.succeed(unreadable(group, silence(group)))
    }),
    Effect.catch((error) => Effect.succeed(unreadable(group, error.message)))
  )

const silence = (group: string): string =>
  `the engine did not report group ${group} within ${Duration.format(engineTimeout)}`

const unreadable = (group: string, error: string): GroupReport => ({
  group,
  electing: false,
  voters: [],
  nonVoters: [],
  error
})

/** The latest decisions, newest last. */
export const decisionsReport = Effect.fnUntraced(function* (limit: number) {
  const { config, locality } = yield* AgentBlocks
  const decisions = locality === undefined ? [] : (yield* locality.recent).slice(-limit)
  return { schema: "decisions/v1", node: config.node.id, decisions } satisfies DecisionsReport
})
