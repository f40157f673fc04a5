/** State, events and effects of a leased quorum, and the questions that can be asked of a state. */
import { activeGrant, type LeaseAcceptor, type LeaseTiming } from "./leaseAcceptor.ts"
import type { GrantReport, LeaseMessage } from "./leaseMessages.ts"
import { isLive, type Liveness } from "./liveness.ts"
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
}

/** Votes counted for one epoch: per acceptor the send time of the newest request that it granted. */
export type Votes = Readonly<Record<string, number>>

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
      /** Hands over as soon as its work has stopped; it renews until then. */
      readonly stopping: Stopping | undefined
    }

/** What a peer last said of itself. */
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
  readonly membersFingerprint: string
  readonly timing: LeasedQuorumTiming
  readonly liveness: Liveness
  readonly acceptor: LeaseAcceptor
  readonly role: LeaseRole
  readonly peers: Readonly<Record<string, PeerReport>>
  /** Highest epoch heard of anywhere. */
  readonly highestEpoch: number
  /** Since when a bid of ours could win; undefined while it could not. */
  readonly openSinceMillis: number | undefined
  readonly backOffUntilMillis: number
  /** After resigning, no bids before this moment. */
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
  /** Leadership is to be handed over, to `to` or the best other member; ignored by a node that does not lead. */
  | { readonly _tag: "StepDown"; readonly nowMillis: number; readonly to: string | undefined }
  /** The leader's work has ended after `StopLeading`. */
  | { readonly _tag: "WorkStopped"; readonly nowMillis: number; readonly epoch: number }

/** What the shell must do, in this order. */
export type LeasedQuorumEffect =
  /** Put `promised` on disk, with fsync, before the effects that follow. */
  | { readonly _tag: "Persist"; readonly promised: number }
  | { readonly _tag: "Send"; readonly to: string; readonly message: LeaseMessage }
  /** This node leads with this fencing token; a higher one may follow while it leads. */
  | { readonly _tag: "Lead"; readonly epoch: number }
  /** Interrupt the leader's work, then report `WorkStopped`. */
  | { readonly _tag: "StopLeading"; readonly epoch: number; readonly stopping: Stopping }
  /** Leadership has ended: the lease ran out, or was released. */
  | { readonly _tag: "Lost"; readonly epoch: number; readonly reason: "expired" | Stopping["reason"] }

/** Whether this node leads at this moment of its clock; while its work stops it still does. */
export const isLeader = ({ role }: LeasedQuorumState, nowMillis: number): boolean =>
  role._tag === "Holder" && nowMillis < role.validUntilMillis

/** Members heard of lately, self included, sorted. */
export const liveMembers = (state: LeasedQuorumState, nowMillis: number): ReadonlyArray<string> =>
  state.members.filter(
    (id) => id === state.self || isLive(state.liveness, id, nowMillis, state.timing.deadAfterMillis)
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
      (best === undefined || grant.epoch > best.epoch)
    )
      best = grant
  }
  consider(activeGrant(state.acceptor, nowMillis))
  for (const peer of Object.values(state.peers)) {
    if (peer.grant !== undefined && nowMillis < peer.grant.expiresAtMillis) consider(peer.grant)
  }
  return best
}
