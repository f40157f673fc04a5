/** The agent at a glance, and what is wrong with its surroundings. */
import type { Member, MemberState } from "@coterie/membership"
import { Duration, Effect } from "effect"

import { AgentBlocks } from "../AgentBlocks.ts"
import { membershipMode } from "../config/membershipMode.ts"
import { Health } from "../Health.ts"
import { version } from "../version.ts"
import { asOf } from "./reports.ts"
import type { GroupsReport, StatusReport } from "./responses.ts"

/** The agent at a glance; `groups` is a recent reading of the engine's groups. */
export const statusReport = Effect.fnUntraced(function* (groups: GroupsReport) {
  const { config, locality, membership, rebalancer } = yield* AgentBlocks
  const health = yield* Health
  const members = yield* membership.members
  const election = yield* electionReport
  const problems = [...quorumProblems(election), ...memberProblems(members), ...groupProblems(groups)]
  return {
    schema: "status/v1",
    status: yield* overall(health, problems),
    cluster: config.cluster,
    node: config.node.id,
    version,
    asOf: yield* asOf,
    uptimeMs: Duration.toMillis(yield* health.uptime),
    problems,
    membership: { mode: membershipMode(config), ...countStates(members) },
    election,
    backend: backendReport(groups),
    locality: locality && {
      mode: locality.options.mode,
      policy: locality.options.policy,
      intervalMs: Duration.toMillis(locality.options.interval),
      decisions: (yield* locality.recent).length
    },
    rebalancer: rebalancer && { intervalMs: Duration.toMillis(rebalancer.options.interval) }
  } satisfies StatusReport
})

const electionReport = Effect.gen(function* () {
  const { config, election } = yield* AgentBlocks
  if (election === undefined) return undefined
  const { leader, term } = yield* election.leadership
  const isLeader = yield* election.isLeader
  return { strategy: config.election.strategy, leader, isLeader, term, quorum: yield* election.quorum }
})

const countStates = (members: ReadonlyArray<Member>) => {
  const count = (wanted: MemberState) => members.filter(({ state }) => state === wanted).length
  return { alive: count("alive"), suspect: count("suspect"), dead: count("dead"), left: count("left") }
}

const overall = Effect.fnUntraced(function* (health: Health["Service"], problems: ReadonlyArray<string>) {
  if (!(yield* health.liveness).every(({ ok }) => ok)) return "failed"
  if ((yield* health.startup) !== undefined) return "starting"
  if ((yield* health.drainState)._tag !== "Serving") return "draining"
  return problems.length === 0 ? "ok" : "degraded"
})

const quorumProblems = (election: StatusReport["election"]): ReadonlyArray<string> =>
  election === undefined || election.quorum.present
    ? []
    : [`no quorum: ${election.quorum.alive} members are alive, ${election.quorum.needed} are needed`]

const memberProblems = (members: ReadonlyArray<Member>): ReadonlyArray<string> =>
  members.filter(({ state }) => state === "dead").map(({ id }) => `member ${id} is dead`)

/** Groups that are named one by one; the rest is counted. */
const groupsNamedMax = 10

const groupProblems = ({ engine, error, groups }: GroupsReport): ReadonlyArray<string> => [
  ...(error === undefined ? [] : [`${engine}: ${error}`]),
  ...shorten(
    groups.flatMap(({ error, group, leader }) => {
      if (error !== undefined) return [`group ${group} cannot be read: ${error}`]
      return leader === undefined ? [`group ${group} has no leader`] : []
    })
  )
]

const shorten = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length <= groupsNamedMax
    ? lines
    : [...lines.slice(0, groupsNamedMax), `and ${lines.length - groupsNamedMax} more groups`]

const backendReport = ({ engine, groups }: GroupsReport): StatusReport["backend"] =>
  engine === undefined
    ? undefined
    : {
        engine,
        groups: groups.length,
        ledHere: groups.filter(({ leader, self }) => leader !== undefined && leader === self).length,
        leaderless: groups.filter(({ error, leader }) => error === undefined && leader === undefined).length,
        unreadable: groups.filter(({ error }) => error !== undefined).length
      }
