/** Who leads, why, and who is to lead, as lines for people. */
import type { LeadershipExplanation, LeadershipRule, MemberStanding } from "@coterie/election"

import type {
  ExplainLeaderReport,
  GroupTransferReport,
  LeaderReport,
  TransferReport
} from "../api/responses.ts"
import type { Paint } from "./output.ts"
import { fieldLines, shortDuration, tableLines } from "./table.ts"

const none = "-"

/** Who leads, and what that rests on. */
export const describeLeader = ({
  group,
  isLeader,
  leader,
  quorum,
  term
}: LeaderReport): ReadonlyArray<string> =>
  fieldLines({
    group,
    leader: leaderName(leader, isLeader),
    term: term === undefined ? undefined : String(term),
    quorum: quorum && describeQuorum(quorum)
  })

/** The leader's name, marked when it is the node that answers. */
export const leaderName = (leader: string | undefined, isSelf: boolean): string =>
  leader === undefined ? "nobody" : isSelf ? `${leader} (this node)` : leader

/** How many members are alive, and how many a majority takes. */
export const describeQuorum = ({ alive, needed, present }: NonNullable<LeaderReport["quorum"]>): string =>
  `${present ? "" : "lost: "}${alive} alive, ${needed} needed`

/** What became of the wish to move leadership, so far. */
export const describeTransfer = ({ from, released, term, to }: TransferReport): ReadonlyArray<string> => [
  released
    ? `${from} has let go of term ${term}; ${to} is next`
    : `${from} lets go of term ${term} when its work has stopped; ${to} is next`
]

/** Who leads a group after a hand-over. */
export const describeGroupTransfer = (report: GroupTransferReport): ReadonlyArray<string> =>
  fieldLines({
    group: report.group,
    leader: report.leader ?? "nobody",
    term: report.term === undefined ? undefined : String(report.term)
  })

/** Why the leader leads; below it every member, its vote, and why it does not lead. */
export const describeExplanation = (
  { explanation, leaderSilence, node, noVote, servedBy }: ExplainLeaderReport,
  paint: Paint
): ReadonlyArray<string> => {
  const { leader, leaseLeftMillis, rule, strategy, term } = explanation
  return [
    ...fieldLines({
      leader: leader === undefined ? paint.bad("nobody") : leader,
      why: rules[rule](explanation),
      term: strategy === "quorum" ? `${term}, counted by ${servedBy}` : `${term}, a fencing token`,
      lease: leaseLeftMillis === undefined ? undefined : `${shortDuration(leaseLeftMillis)} left`,
      "told by": leaderSilence === undefined ? servedBy : `${node}, because ${leaderSilence}`,
      note: noVote
    }),
    "",
    ...tableLines(
      ["NODE", "VOTE", "STANDING", "WHY"].map(paint.strong),
      explanation.members.map((member) => standingRow(member, leader))
    )
  ]
}

const standingRow = (
  { detail, grants, id, reason }: MemberStanding,
  leader: string | undefined
): ReadonlyArray<string> => [
  id === leader ? `${id} *` : id,
  grants === undefined ? none : grants ? "lent" : "not lent",
  reason,
  detail
]

/** The rule that fired, in words. */
const rules: Readonly<Record<LeadershipRule, (explanation: LeadershipExplanation) => string>> = {
  onlyCandidate: () => "no other member is alive and willing",
  mostPreferred: () => "it is the smallest id that is alive and willing",
  incumbentKept: () => "it led before; a smaller id is alive and does not take over yet",
  leaseHeld: () => "it holds the lease of the store",
  handingOver: () => "it leads until its work has stopped, and then lets go",
  noQuorum: ({ self }) => `${self} sees fewer members alive than a majority`,
  bootHold: ({ self }) => `${self} restarted, and votes that it lent before may still be on loan`,
  votesPending: () => "a bid waits for its votes",
  waitingForExpiry: () => "a vote or lease that is on loan has to run out first",
  waitingForPreferred: () => "leadership is free, and another member has the first move",
  nextMove: ({ self }) => `leadership is free, and ${self} makes its move next`,
  standingBack: ({ self }) => `${self} gave leadership up and does not take it back for now; no other does`,
  storeUnreachable: () => "the store did not answer"
}
