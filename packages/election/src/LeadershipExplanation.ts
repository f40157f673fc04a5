/** Why a node leads, or why nobody does, as one node sees it: for people, and for whoever shows it to them. */
import { Schema } from "effect"

/** The rule that says why the leader leads, or why there is none. */
export const LeadershipRule = Schema.Literals([
  /** No other member is alive, willing and in sight of a majority. */
  "onlyCandidate",
  /** It is the smallest member that is alive and willing. */
  "mostPreferred",
  /** A smaller member is alive and does not take over yet; its standing says why. */
  "incumbentKept",
  /** It holds the lease of the store; no member is preferred. */
  "leaseHeld",
  /** It leads until its work has stopped, and then lets go. */
  "handingOver",
  /** The leader is silent or sees no majority, or nobody leads: what was lent to it, vote or lease, has to run out first. */
  "waitingForExpiry",
  /** This node sees fewer members alive than a majority: nobody leads, or nobody will from the next decision on. */
  "noQuorum",
  /** Nobody leads: a bid waits for its votes. */
  "votesPending",
  /** Nobody leads: this node restarted, and a vote that it lent before may still be on loan. */
  "bootHold",
  /** Nobody leads: another member has the first move. */
  "waitingForPreferred",
  /** Nobody leads: this node moves, or decides, when it looks next. */
  "nextMove",
  /** Nobody leads: this node gave leadership up and stands back, and no other takes it. */
  "standingBack",
  /** Nobody leads as far as is known: the store did not answer the last call. */
  "storeUnreachable"
])
/** The rule that says why the leader leads, or why there is none. */
export type LeadershipRule = typeof LeadershipRule.Type

/** Why a member leads or does not. */
export const StandingReason = Schema.Literals([
  "leads",
  /** It leads until its work has stopped. */
  "handingOver",
  /** Leadership goes to it next. */
  "successor",
  /** Another member comes before it. */
  "lessPreferred",
  /** It comes before the leader, and has not been alive for the cooldown. */
  "coolingDown",
  /** Not heard of lately. */
  "dead",
  /** It gave leadership up, for one cooldown. */
  "unwilling",
  /** It does not see a majority alive. */
  "noQuorum",
  /** It asks for votes. */
  "bidding",
  /** It restarted and lends no vote yet, not to itself either. */
  "bootHold",
  /** It may lead and waits for its chance. */
  "waiting",
  /** Its list of voters is another than this node's. */
  "otherVoters",
  /** Its strategy or its lease is another than this node's. */
  "otherElection",
  /** The store did not answer its last call. */
  "storeUnreachable"
])
/** Why a member leads or does not. */
export type StandingReason = typeof StandingReason.Type

/** Where one member stands, as far as the node that explains knows. */
export const MemberStanding = Schema.Struct({
  id: Schema.String,
  /** Whether its vote is lent to the leader; absent when that is not known, nobody leads, or the strategy has no votes. */
  grants: Schema.optional(Schema.Boolean),
  reason: StandingReason,
  /** The same for people, with the numbers. */
  detail: Schema.String
})
/** Where one member stands, as far as the node that explains knows. */
export type MemberStanding = typeof MemberStanding.Type

/** Who leads and why, and where every known member stands, as one node sees it at one moment. */
export const LeadershipExplanation = Schema.Struct({
  strategy: Schema.Literals(["quorum", "leasedQuorum", "lease"]),
  /** The node that explains. */
  self: Schema.String,
  /** Absent when this node knows of no leader. */
  leader: Schema.optional(Schema.String),
  term: Schema.Int,
  /**
   * How long the leader leads without another renewal: exact for this node, an upper bound for another. Absent when nobody leads, and for a
   * strategy without leases.
   */
  leaseLeftMillis: Schema.optional(Schema.Finite),
  rule: LeadershipRule,
  /** Every member that this node knows, by id; then the nodes that are no members here and have another configuration. */
  members: Schema.Array(MemberStanding)
})
/** Who leads and why, and where every known member stands, as one node sees it at one moment. */
export type LeadershipExplanation = typeof LeadershipExplanation.Type
