/** State, events and effects of a leased quorum, and the questions that can be asked of a state. */
import { activeGrant, type LeaseAcceptor, type LeaseTiming } from "./leaseAcceptor.ts"
import type { GrantReport, LeaseMessage } from "./leaseMessages.ts"
import { type Contact, isLive } from "./liveness.ts"
import { type ConfigNews, electionConfig, type OtherConfigs } from "./otherConfigs.ts"
import { quorumSize } from "./quorumSize.ts"

/** Timing of a leased quorum; every member must use the same. */
export interface LeasedQuorumTiming extends LeaseTiming {
  readonly heartbeatMillis: number
  readonly deadAfterMillis: number
  /** How long a candidate waits for each live member that is preferred to it (R5). */
  readonly deferMillis: number
  /** How long a preferred member must have been alive before leadership is handed to it (R8). */
  readonly cooldownMillis: number
  /** How long acceptors keep their vote for the chosen successor (R8). */
  readonly reserveMillis: number
  /** How long a leader that steps down renews for work that does not stop; then it lets the lease run out (W1). */
  readonly drainMillis: number
}

/** Votes counted for one epoch: per acceptor the send time of the newest request that it granted. */
export type Votes = ReadonlyMap<string, number>

/** A bid that waits for a quorum. */
export interface Bid {
  readonly epoch: number
  readonly sentAtMillis: number
  readonly votes: Votes
  /** Acceptors that said no: once a quorum is out of reach the bid is abandoned at once. */
  readonly refusedBy: ReadonlyArray<string>
}

/** Why a holder stops leading of its own will. */
export interface Stopping {
  readonly reason: "resigned" | "transferred" | "preferred"
  /** Whom leadership is handed to; undefined for anybody. */
  readonly to: string | undefined
  /** The epoch whose work was told to stop. */
  readonly epoch: number
  readonly renewUntilMillis: number
}

/** What this node is doing about leadership. */
export type LeaseRole =
  | { readonly _tag: "Follower" }
  | { readonly _tag: "Candidate"; readonly bid: Bid }
  | {
      readonly _tag: "Holder"
      readonly epoch: number
      readonly votes: Votes
      /** This node leads before this moment of its own clock, never after (R4). */
      readonly validUntilMillis: number
      readonly heldSinceMillis: number
      /** A bid for a higher epoch, when somebody promised past ours (R6). */
      readonly rebid: Bid | undefined
      /** Hands over as soon as its work has stopped; it renews until then, within bounds. */
      readonly stopping: Stopping | undefined
    }

/** What a peer last answered. */
export interface PeerReport {
  readonly grant: (GrantReport & { readonly expiresAtMillis: number }) | undefined
  readonly seesQuorum: boolean
  readonly willing: boolean
}

/** State of one node of a leased quorum. */
export interface LeasedQuorumState {
  readonly self: string
  /** Every member including self, sorted. */
  readonly members: ReadonlyArray<string>
  /** What all members must agree on, as `configOf` writes it. */
  readonly config: string
  /** Nodes that have another configuration: members among them count as absent. */
  readonly others: OtherConfigs
  readonly timing: LeasedQuorumTiming
  readonly contacts: ReadonlyMap<string, Contact>
  readonly acceptor: LeaseAcceptor
  readonly role: LeaseRole
  readonly peers: ReadonlyMap<string, PeerReport>
  /** Highest epoch heard of anywhere. */
  readonly highestEpoch: number
  /** Since when a bid of ours could win; undefined while it could not. */
  readonly openSinceMillis: number | undefined
  readonly backOffUntilMillis: number
  /** Bids of this node in a row that ran out of time and that nobody refused; each makes the next one wait twice as long. */
  readonly lateBids: number
  /** After stepping down, every willing member comes first until this moment. */
  readonly unwillingUntilMillis: number
}

/** What happens to a node; `nowMillis` is its own monotonic clock, `random` is uniform in [0, 1). */
export type LeasedQuorumEvent =
  /** A timer, several times per heartbeat: notices expiry, bids, gives up on bids, hands over. */
  | { readonly _tag: "Poll"; readonly nowMillis: number; readonly random: number }
  /** A heartbeat is due: renew, or ask what others know. */
  | { readonly _tag: "Beat"; readonly nowMillis: number }
  | {
      readonly _tag: "Received"
      readonly nowMillis: number
      readonly from: string
      readonly message: LeaseMessage
    }
  /** A node, member or not, says what it has configured. */
  | {
      readonly _tag: "ConfigHeard"
      readonly nowMillis: number
      readonly from: string
      readonly config: string
    }
  /** Leadership is to be handed over, to `to` or the best other member; ignored when this node does not lead or `to` is no other member. */
  | { readonly _tag: "StepDown"; readonly nowMillis: number; readonly to: string | undefined }
  /** The leader's work has ended after `StopLeading`. */
  | { readonly _tag: "WorkStopped"; readonly nowMillis: number; readonly epoch: number }
  /** A promise could not be saved: the step that made it did not happen, and the next bid waits a heartbeat. */
  | { readonly _tag: "SaveFailed"; readonly nowMillis: number }

/** What the shell must do, in this order. */
export type LeasedQuorumEffect =
  /** Put `promised` on disk, with fsync, before the effects that follow. */
  | { readonly _tag: "Persist"; readonly promised: number }
  | { readonly _tag: "Send"; readonly to: string; readonly message: LeaseMessage }
  /** This node leads with this fencing token; a higher one may follow while it leads. */
  | { readonly _tag: "Lead"; readonly epoch: number }
  /** Interrupt the leader's work, then report `WorkStopped`. */
  | { readonly _tag: "StopLeading"; readonly epoch: number; readonly stopping: Stopping }
  /** Leadership has ended. */
  | { readonly _tag: "Lost"; readonly epoch: number; readonly reason: LossReason }
  | ConfigNews

/** Why leadership ended: the lease ran out, ran out while work did not stop, or was released on purpose. */
export type LossReason = "expired" | "overdue" | Stopping["reason"]

/**
 * What members must have in common before one may vote for another: the member list and the lease. A shorter lease at an acceptor than at
 * the holder would let two lead.
 */
export const configOf = (
  members: ReadonlyArray<string>,
  { leaseMillis }: Pick<LeaseTiming, "leaseMillis">
): string => electionConfig(members, `leased ${leaseMillis} ms`)

/** Whether this node leads at this moment of its clock; while its work stops it still does. */
export const isLeader = ({ role }: LeasedQuorumState, nowMillis: number): boolean =>
  role._tag === "Holder" && nowMillis < role.validUntilMillis

/** How long this node's leadership under an epoch lasts without another vote, in ms; 0 once it ended. */
export const leaseLeftMillis =
  (epoch: number) =>
  ({ role }: LeasedQuorumState, nowMillis: number): number =>
    role._tag === "Holder" && role.epoch === epoch ? Math.max(0, role.validUntilMillis - nowMillis) : 0

/** Members heard of lately, self included, sorted; without those that have another configuration, as they share no votes with this node. */
export const liveMembers = (state: LeasedQuorumState, nowMillis: number): ReadonlyArray<string> =>
  state.members.filter(
    (id) =>
      id === state.self ||
      (!state.others.has(id) && isLive(state.contacts.get(id), nowMillis, state.timing.deadAfterMillis))
  )

/** Whether a majority of the members is alive as this node sees it. */
export const seesQuorum = (state: LeasedQuorumState, nowMillis: number): boolean =>
  liveMembers(state, nowMillis).length >= quorumSize(state.members.length)

/** Who leads as far as this node knows: itself, or the holder of the newest established grant it heard of (R11). */
export const knownLeader = (
  state: LeasedQuorumState,
  nowMillis: number
): { readonly holder: string; readonly epoch: number } | undefined => {
  const { role } = state
  if (role._tag === "Holder")
    return isLeader(state, nowMillis) ? { holder: state.self, epoch: role.epoch } : undefined
  let best: { readonly holder: string; readonly epoch: number } | undefined
  const consider = (grant: { holder: string; epoch: number; established: boolean } | undefined): void => {
    if (
      grant?.established === true &&
      grant.holder !== state.self &&
      state.members.includes(grant.holder) &&
      (best === undefined || grant.epoch > best.epoch)
    )
      best = grant
  }
  consider(activeGrant(state.acceptor, nowMillis))
  for (const { grant } of state.peers.values()) {
    if (grant !== undefined && nowMillis < grant.expiresAtMillis) consider(grant)
  }
  return best
}
