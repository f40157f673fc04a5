/**
 * What the API answers; each shape names its version in `schema`, and only a new version may drop or change a field.
 *
 * Times are RFC 3339 UTC, durations are in ms with the suffix `Ms`. A part of the agent that is off leaves its fields out.
 */
import { LeadershipExplanation } from "@coterie/election"
import { Decision } from "@coterie/locality"
import { MemberState } from "@coterie/membership"
import { Schema } from "effect"

import { AgentEvent } from "../AgentEvent.ts"
import { HandOver } from "../clusterLeader.ts"

const Count = Schema.Natural

/** One thing that was checked. */
export const Check = Schema.Struct({ name: Schema.String, ok: Schema.Boolean })
/** One thing that was checked. */
export type Check = typeof Check.Type

/** Answer of every probe; load balancers read its HTTP status, people its checks. It names no peer, for it needs no authorisation. */
export const HealthReport = Schema.Struct({
  status: Schema.Literals(["ok", "starting", "draining", "failed"]),
  /** Startup phase that is under way; absent when startup is done. */
  phase: Schema.optional(Schema.String),
  checks: Schema.Array(Check)
})
/** Answer of every probe. */
export type HealthReport = typeof HealthReport.Type

/** How far this node has withdrawn. */
export const DrainReport = Schema.Struct({
  schema: Schema.Literal("drain/v1"),
  /** `draining`: not ready, and load balancers are still looking away; `drained`: they had `drain.readinessDelay` to do so. */
  state: Schema.Literals(["serving", "draining", "drained"]),
  /** Time since the drain began. */
  elapsedMs: Schema.optional(Schema.Finite)
})
/** How far this node has withdrawn. */
export type DrainReport = typeof DrainReport.Type

/** Members that this node sees alive, and how many a majority takes. */
const QuorumReport = Schema.Struct({ alive: Count, needed: Count, present: Schema.Boolean })

/** Who leads: the agents themselves, or a group of the engine. */
export const LeaderReport = Schema.Struct({
  schema: Schema.Literal("leader/v1"),
  /** The engine's group; absent for the agents' own leader. */
  group: Schema.optional(Schema.String),
  /** This node, by the id that the leader's would be compared with. */
  self: Schema.String,
  leader: Schema.optional(Schema.String),
  isLeader: Schema.Boolean,
  /** A fencing token for the agents' own leader with `election.strategy: leased`; with `quorum` it is local to this node. */
  term: Schema.optional(Schema.Finite),
  quorum: Schema.optional(QuorumReport)
})
/** Who leads. */
export type LeaderReport = typeof LeaderReport.Type

/** A member was declared left. */
export const ForceLeaveReport = Schema.Struct({
  schema: Schema.Literal("force-leave/v1"),
  /** The node that answers, and tells the others. */
  node: Schema.String,
  member: Schema.String,
  /** What the member was; for one that had left nothing was to be done. */
  was: Schema.Literals(["dead", "left"])
})
/** A member was declared left. */
export type ForceLeaveReport = typeof ForceLeaveReport.Type

/** The agents' leader was asked to hand leadership over. */
export const TransferReport = Schema.Struct({
  schema: Schema.Literal("transfer/v1"),
  /** The node that answers. */
  node: Schema.String,
  ...HandOver.fields
})
/** The agents' leader was asked to hand leadership over. */
export type TransferReport = typeof TransferReport.Type

/** Who leads a group of the engine after a hand-over was asked for. */
export const GroupTransferReport = Schema.Struct({
  schema: Schema.Literal("group-transfer/v1"),
  node: Schema.String,
  group: Schema.String,
  to: Schema.String,
  /** `unknown`: nobody was seen to lead before the engine's deadline. */
  outcome: Schema.Literals(["moved", "movedElsewhere", "unchanged", "unknown"]),
  leader: Schema.optional(Schema.String),
  term: Schema.optional(Schema.Finite)
})
/** Who leads a group of the engine after a hand-over was asked for. */
export type GroupTransferReport = typeof GroupTransferReport.Type

/** Why the agents' leader leads, and nobody else. */
export const ExplainLeaderReport = Schema.Struct({
  schema: Schema.Literal("explain-leader/v1"),
  /** The node that was asked. */
  node: Schema.String,
  asOf: Schema.String,
  /** The node that explains: the leader, or the one that was asked. */
  servedBy: Schema.String,
  /** Why the leader does not explain itself, when another node had to: votes and lease are then not exact. */
  leaderSilence: Schema.optional(Schema.String),
  /** That the node that was asked has no vote of its own, and how it would get one. */
  noVote: Schema.optional(Schema.String),
  explanation: LeadershipExplanation
})
/** Why the agents' leader leads, and nobody else. */
export type ExplainLeaderReport = typeof ExplainLeaderReport.Type

/** One member as this node sees it. */
export const MemberReport = Schema.Struct({
  id: Schema.String,
  /** The node that answers. */
  self: Schema.Boolean,
  state: MemberState,
  /** How long it has been in that state. */
  sinceMs: Schema.Finite,
  leader: Schema.Boolean,
  zone: Schema.optional(Schema.String),
  address: Schema.optional(Schema.String),
  tags: Schema.Record(Schema.String, Schema.String),
  /** Of its agent. */
  version: Schema.optional(Schema.String),
  /** Whether it answers this node's calls: after five failures in a row nobody here calls it, but for a try every 30 s. */
  reach: Schema.optional(Schema.Literals(["reachable", "unreachable"])),
  /** SWIM: which of its runs this is about; rises with every restart. */
  generation: Schema.optional(Schema.Finite),
  /** SWIM: rises whenever it refutes or changes what it says of itself. */
  incarnation: Schema.optional(Schema.Finite),
  /** SWIM: the least of the last round trips of its probes. */
  rttMs: Schema.optional(Schema.Finite),
  /** SWIM: who says that it is in that state, and on what evidence. */
  reason: Schema.optional(Schema.String),
  /** SWIM: the doubt about it that is not decided yet. */
  suspicion: Schema.optional(
    Schema.Struct({
      by: Schema.String,
      confirmedBy: Schema.Array(Schema.String),
      /** Time after which it is dead unless it refutes. */
      leftMs: Schema.Finite
    })
  )
})
/** One member as this node sees it. */
export type MemberReport = typeof MemberReport.Type

/** Every member as this node sees it, by id. */
export const MembersReport = Schema.Struct({
  schema: Schema.Literal("members/v1"),
  node: Schema.String,
  asOf: Schema.String,
  members: Schema.Array(MemberReport)
})
/** Every member as this node sees it. */
export type MembersReport = typeof MembersReport.Type

/** A replica of a group. */
const ReplicaReport = Schema.Struct({
  id: Schema.String,
  address: Schema.String,
  /** Round trip from the leader, when this agent sits beside it and measured lately. */
  rttMs: Schema.optional(Schema.Finite)
})

/** One group of the engine as the local engine node reports it. */
export const GroupReport = Schema.Struct({
  group: Schema.String,
  self: Schema.optional(Schema.String),
  leader: Schema.optional(Schema.String),
  term: Schema.optional(Schema.Finite),
  electing: Schema.Boolean,
  voters: Schema.Array(ReplicaReport),
  nonVoters: Schema.Array(ReplicaReport),
  /** The newest decision about the group's leader. */
  decision: Schema.optional(Decision),
  /** Why the group could not be read; nothing else is known then. */
  error: Schema.optional(Schema.String)
})
/** One group of the engine. */
export type GroupReport = typeof GroupReport.Type

/** Every group of the engine. */
export const GroupsReport = Schema.Struct({
  schema: Schema.Literal("groups/v1"),
  node: Schema.String,
  asOf: Schema.String,
  /** Absent when the agent looks after no engine. */
  engine: Schema.optional(Schema.String),
  groups: Schema.Array(GroupReport),
  /** Why the groups could not be listed. */
  error: Schema.optional(Schema.String)
})
/** Every group of the engine. */
export type GroupsReport = typeof GroupsReport.Type

/** The latest decisions about where leaders sit, newest last. */
export const DecisionsReport = Schema.Struct({
  schema: Schema.Literal("decisions/v1"),
  node: Schema.String,
  decisions: Schema.Array(Decision)
})
/** The latest decisions. */
export type DecisionsReport = typeof DecisionsReport.Type

/** The latest events, newest last. */
export const EventsReport = Schema.Struct({
  schema: Schema.Literal("events/v1"),
  node: Schema.String,
  events: Schema.Array(AgentEvent)
})
/** The latest events. */
export type EventsReport = typeof EventsReport.Type

/** The agent at a glance. */
export const StatusReport = Schema.Struct({
  schema: Schema.Literal("status/v1"),
  /** `degraded` when `problems` has a line; `starting` and `draining` come before that. */
  status: Schema.Literals(["ok", "starting", "draining", "degraded", "failed"]),
  cluster: Schema.String,
  node: Schema.String,
  version: Schema.String,
  asOf: Schema.String,
  uptimeMs: Schema.Finite,
  /** What is wrong, one sentence each. */
  problems: Schema.Array(Schema.String),
  membership: Schema.Struct({ mode: Schema.String, alive: Count, suspect: Count, dead: Count, left: Count }),
  election: Schema.optional(
    Schema.Struct({
      strategy: Schema.String,
      leader: Schema.optional(Schema.String),
      isLeader: Schema.Boolean,
      term: Schema.Finite,
      quorum: QuorumReport
    })
  ),
  backend: Schema.optional(
    Schema.Struct({
      engine: Schema.String,
      groups: Count,
      ledHere: Count,
      leaderless: Count,
      unreadable: Count
    })
  ),
  locality: Schema.optional(
    Schema.Struct({ mode: Schema.String, policy: Schema.String, intervalMs: Schema.Finite, decisions: Count })
  ),
  rebalancer: Schema.optional(Schema.Struct({ intervalMs: Schema.Finite }))
})
/** The agent at a glance. */
export type StatusReport = typeof StatusReport.Type
