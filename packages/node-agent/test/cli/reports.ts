/** One report of each kind, as an agent in some trouble would give it. */
import { Decision } from "@coterie/locality"
import { Schema } from "effect"

import {
  DecisionsReport,
  ExplainLeaderReport,
  GroupsReport,
  GroupTransferReport,
  LeaderReport,
  MembersReport,
  StatusReport,
  TransferReport
} from "../../src/api/responses.ts"

const at = "2026-01-02T03:04:05.678Z"
const seen = {
  group: "orders",
  self: "r1",
  leader: "r1",
  term: 7,
  row: {},
  at,
  mode: "act",
  policy: "nearestPeer"
} as const
const stay = (reason: unknown) => ({ ...seen, action: { _tag: "Stay", reason } })
const transfer = (outcome: unknown, changes: object = {}) => ({
  ...seen,
  action: { _tag: "Transfer", target: "r2", gainMillis: 240, outcome, tookMillis: 1234, ...changes }
})
const links = [
  { from: "r1", to: "r2" },
  { from: "r3", to: "r2" }
]

/** A decision of each kind. */
export const decisions: ReadonlyArray<Decision> = [
  stay({ _tag: "notLeader", leader: "r2" }),
  stay({ _tag: "notLeader" }),
  stay({ _tag: "electing" }),
  stay({ _tag: "settling" }),
  stay({ _tag: "singleVoter" }),
  stay({
    _tag: "voterUnreachable",
    voters: [
      { id: "r2", detail: "timeout" },
      { id: "r3", detail: "refused" }
    ]
  }),
  stay({ _tag: "withinThreshold", nearest: "r2", nearestMillis: 0.84, thresholdMillis: 100 }),
  stay({ _tag: "cooldown", target: "r2", gainMillis: 240, remainingMillis: 125_000 }),
  stay({ _tag: "advised", target: "r2", gainMillis: 240 }),
  stay({ _tag: "settling", target: "r2", gainMillis: 240, remainingMillis: 125_000 }),
  stay({ _tag: "paused" }),
  stay({ _tag: "noSpare", alive: 2, needed: 2 }),
  stay({ _tag: "noTarget", detail: "nobody may lead" }),
  stay({ _tag: "insufficientData", links }),
  stay({ _tag: "staleData", links }),
  stay({ _tag: "gainTooSmall", best: "r2", gainMillis: 3.2, neededMillis: 12 }),
  stay({ _tag: "gainTooSmall", best: "r1", gainMillis: 0, neededMillis: 12 }),
  stay({ _tag: "preferred" }),
  stay({ _tag: "notPersistent", target: "r2", gainMillis: 240, remainingMillis: 125_000, evaluations: 1 }),
  stay({ _tag: "frozen", cause: "budget", target: "r2", gainMillis: 240, remainingMillis: 86_000_000 }),
  stay({ _tag: "frozen", cause: "payback", target: "r2", gainMillis: 240, remainingMillis: 86_000_000 }),
  stay({ _tag: "draining", remainingMillis: 12_000 }),
  stay({ _tag: "engineError", operation: "status", kind: "Unavailable", detail: "connection refused" }),
  transfer({ _tag: "moved", term: 8 }),
  transfer({ _tag: "movedElsewhere", leader: "r3" }),
  transfer({ _tag: "unchanged" }),
  transfer({ _tag: "unknown" }),
  transfer({ _tag: "moved", term: 8 }, { gainMillis: 0 }),
  transfer({ _tag: "movedElsewhere", leader: "r3" }, { untargeted: true }),
  transfer({ _tag: "failed", kind: "TimedOut", detail: "no answer within 10000 ms" })
].map((decision) => Schema.decodeUnknownSync(Decision)(decision))

/** A report of each kind, by its schema's name. */
export const reports = {
  status: {
    schema: "status/v1",
    status: "degraded",
    cluster: "prod",
    node: "n1",
    version: "0.1.0",
    asOf: at,
    uptimeMs: 93_784_000,
    problems: ["member n3 is dead", "group users has no leader"],
    membership: { mode: "heartbeat", alive: 2, suspect: 0, dead: 1, left: 0 },
    election: {
      strategy: "quorum",
      leader: "n1",
      isLeader: true,
      term: 3,
      quorum: { alive: 2, needed: 2, present: true }
    },
    backend: { engine: "rqlite", groups: 2, ledHere: 1, leaderless: 1, unreadable: 0 },
    locality: { mode: "advise", policy: "nearestPeer", intervalMs: 90_000, decisions: 1 }
  } satisfies StatusReport,
  members: {
    schema: "members/v1",
    node: "n1",
    asOf: at,
    members: [
      {
        id: "n1",
        self: true,
        state: "alive",
        sinceMs: 93_784_000,
        leader: true,
        zone: "eu-1a",
        address: "http://10.0.0.1:7481",
        tags: { disk: "nvme" }
      },
      {
        id: "n2",
        self: false,
        state: "alive",
        sinceMs: 59_000,
        leader: false,
        address: "http://10.0.0.2:7481",
        tags: {}
      },
      { id: "node-3", self: false, state: "dead", sinceMs: 420, leader: false, tags: {} }
    ]
  } satisfies MembersReport,
  leader: {
    schema: "leader/v1",
    self: "n1",
    leader: "n2",
    isLeader: false,
    term: 3,
    quorum: { alive: 2, needed: 2, present: true }
  } satisfies LeaderReport,
  nobody: {
    schema: "leader/v1",
    self: "n1",
    isLeader: false,
    term: 4,
    quorum: { alive: 1, needed: 2, present: false }
  } satisfies LeaderReport,
  transfer: {
    schema: "transfer/v1",
    node: "n3",
    from: "n1",
    to: "n2",
    term: 4,
    released: true
  } satisfies TransferReport,
  "group-transfer": {
    schema: "group-transfer/v1",
    node: "n1",
    group: "orders",
    to: "r2",
    outcome: "movedElsewhere",
    leader: "r3",
    term: 8
  } satisfies GroupTransferReport,
  "explain-leader": {
    schema: "explain-leader/v1",
    node: "n4",
    asOf: at,
    servedBy: "n4",
    leaderSilence: "n1, which leads, did not answer (timeout): no answer within 1s",
    noVote: "n4 has no vote and never leads",
    explanation: {
      strategy: "leasedQuorum",
      self: "n2",
      leader: "n1",
      term: 4,
      leaseLeftMillis: 2345.6,
      rule: "mostPreferred",
      members: [
        { id: "n1", reason: "leads", detail: "is lent 2 votes, needs 2" },
        { id: "n2", grants: true, reason: "lessPreferred", detail: "n1 has the smaller id" },
        { id: "n3", grants: false, reason: "dead", detail: "silent for 12 s; dead after 4 s" }
      ]
    }
  } satisfies ExplainLeaderReport,
  groups: {
    schema: "groups/v1",
    node: "n1",
    asOf: at,
    engine: "rqlite",
    groups: [
      {
        group: "orders",
        self: "r1",
        leader: "r1",
        term: 7,
        electing: false,
        nonVoters: [],
        voters: [
          { id: "r1", address: "10.0.0.1:4002" },
          { id: "r2", address: "10.0.0.2:4002", rttMs: 12.4 },
          { id: "r3", address: "10.0.0.3:4002", rttMs: 231 }
        ],
        ...(decisions[8] === undefined ? {} : { decision: decisions[8] })
      },
      { group: "users", self: "r1", electing: true, voters: [], nonVoters: [] },
      { group: "broken", electing: false, voters: [], nonVoters: [], error: "no answer within 2s" }
    ]
  } satisfies GroupsReport,
  decisions: { schema: "decisions/v1", node: "n1", decisions } satisfies DecisionsReport
}

/** Each report as the API and `--json` write it. */
export const asJson = {
  status: () => Schema.encodeSync(StatusReport)(reports.status),
  members: () => Schema.encodeSync(MembersReport)(reports.members),
  leader: () => Schema.encodeSync(LeaderReport)(reports.leader),
  nobody: () => Schema.encodeSync(LeaderReport)(reports.nobody),
  transfer: () => Schema.encodeSync(TransferReport)(reports.transfer),
  "group-transfer": () => Schema.encodeSync(GroupTransferReport)(reports["group-transfer"]),
  "explain-leader": () => Schema.encodeSync(ExplainLeaderReport)(reports["explain-leader"]),
  groups: () => Schema.encodeSync(GroupsReport)(reports.groups),
  decisions: () => Schema.encodeSync(DecisionsReport)(reports.decisions)
}
