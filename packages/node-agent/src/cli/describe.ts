/** Reports as lines for people. */
import type { Decision } from "@coterie/locality"

import type {
  GroupReport,
  GroupsReport,
  MemberReport,
  MembersReport,
  StatusReport
} from "../api/responses.ts"
import { describeAction } from "./describeAction.ts"
import { describeQuorum, leaderName } from "./describeLeadership.ts"
import type { Paint } from "./output.ts"
import { fieldLines, shortDuration, shortMillis, tableLines } from "./table.ts"

const none = "-"

/** The agent at a glance, and below it what is wrong. */
export const describeStatus = (report: StatusReport, paint: Paint): ReadonlyArray<string> => {
  const { backend, election, locality, membership } = report
  const counts = (["alive", "suspect", "dead", "left"] as const)
    .filter((state) => state === "alive" || membership[state] > 0)
    .map((state) => `${membership[state]} ${state}`)
  return [
    ...fieldLines({
      status: report.status === "ok" ? paint.good("ok") : paint.bad(report.status),
      node: `${report.node} of cluster ${report.cluster}`,
      agent: `${report.version}, up ${shortDuration(report.uptimeMs)}`,
      members: counts.join(", "),
      leader:
        election &&
        `${leaderName(election.leader, election.isLeader)}, term ${election.term}, quorum ${describeQuorum(election.quorum)}`,
      backend:
        backend &&
        `${backend.engine}, ${plural(backend.groups, "group")}, ${backend.ledHere} led here${
          backend.leaderless > 0 ? `, ${backend.leaderless} without leader` : ""
        }${backend.unreadable > 0 ? `, ${backend.unreadable} unreadable` : ""}`,
      locality:
        locality &&
        `${locality.mode}, ${locality.policy} every ${shortDuration(locality.intervalMs)}, ${plural(locality.decisions, "decision")}`,
      rebalancer: report.rebalancer && `every ${shortDuration(report.rebalancer.intervalMs)}`
    }),
    ...report.problems.map((problem) => `${paint.bad("!")} ${problem}`)
  ]
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

const memberHeadings = ["NODE", "STATE", "SINCE", "ROLE", "ZONE", "ADDRESS"]

/** One line for each member; `*` marks the node that answered. */
export const describeMembers = ({ members }: MembersReport, paint: Paint): ReadonlyArray<string> =>
  tableLines(
    memberHeadings.map(paint.strong),
    members.map((member) => memberRow(member, paint))
  )

const memberRow = ({ address, id, leader, self, sinceMs, state, zone }: MemberReport, paint: Paint) => [
  self ? `${id} *` : id,
  state === "alive" ? paint.good(state) : paint.bad(state),
  shortDuration(sinceMs),
  leader ? "leader" : "member",
  zone ?? none,
  address ?? none
]

/** The same with what SWIM knows; `-` where nothing is known. */
export const describeMembersWide = ({ members }: MembersReport, paint: Paint): ReadonlyArray<string> =>
  tableLines(
    [...memberHeadings, "VERSION", "RUN", "RTT", "WHY"].map(paint.strong),
    members.map((member) => [
      ...memberRow(member, paint),
      member.version ?? none,
      runOf(member),
      member.rttMs === undefined ? none : shortMillis(member.rttMs),
      whyMember(member)
    ])
  )

/** Generation and incarnation, which decide between two stories about one member. */
const runOf = ({ generation, incarnation }: MemberReport): string =>
  generation === undefined || incarnation === undefined ? none : `${generation}/${incarnation}`

const whyMember = (member: MemberReport): string => {
  const why = whyStanding(member)
  return member.reach === "unreachable" ? `${why}; does not answer calls` : why
}

const whyStanding = ({ reason, suspicion }: MemberReport): string => {
  if (reason === undefined || suspicion === undefined) return reason ?? none
  const { confirmedBy, leftMs } = suspicion
  const also = confirmedBy.length === 0 ? "" : `; confirmed by ${confirmedBy.join(", ")}`
  return `${reason}${also}; dead in ${shortDuration(leftMs)} unless it refutes`
}

/** One line for each group. */
export const describeGroups = ({ groups }: GroupsReport, paint: Paint): ReadonlyArray<string> =>
  tableLines(
    ["GROUP", "LEADER", "TERM", "VOTERS", "NEAREST", "WHY"].map(paint.strong),
    groups.map((group) => groupRow(group, paint))
  )

const groupRow = (
  { decision, electing, error, group, leader, self, term, voters }: GroupReport,
  paint: Paint
) => {
  if (error !== undefined) return [group, paint.bad("?"), none, none, none, error]
  const rtts = voters.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [rttMs]))
  return [
    group,
    leader === undefined
      ? paint.bad(electing ? "electing" : "nobody")
      : leader === self
        ? `${leader} *`
        : leader,
    term === undefined ? none : String(term),
    voters.map(({ id }) => id).join(",") || none,
    rtts.length === 0 ? none : shortMillis(Math.min(...rtts)),
    decision === undefined ? none : describeAction(decision.action)
  ]
}

/** One line for each decision, oldest first. */
export const describeDecisions = (decisions: ReadonlyArray<Decision>, paint: Paint): ReadonlyArray<string> =>
  tableLines(["AT", "GROUP", "LEADER", "ACTION"].map(paint.strong), decisions.map(decisionRow))

/** One decision on a line of its own. */
export const describeDecision = (decision: Decision): string => decisionRow(decision).join("  ")

const decisionRow = (decision: Decision): ReadonlyArray<string> => [
  decision.at,
  decision.group,
  decision.leader ?? none,
  describeAction(decision.action)
]
