/** State, events and effects of one contender for a lease in a store, and the questions that can be asked of a state. */

/** Timing of a contender. Contenders of one lease may differ in it: each waits for the holder's own `ttlMillis`. */
export interface ContenderTiming {
  /** How long a confirmed call makes this node hold the lease, counted from before the call was sent. */
  readonly ttlMillis: number
  /** How much earlier than that this node stops. */
  readonly guardMillis: number
  /** How far the rate of a clock may be from true, as a fraction: how much longer than a holder's time to live a contender waits. */
  readonly drift: number
  /** Longest pause between two looks at a lease that another holds. */
  readonly pollMillis: number
  /** How long a node that resigned stands back, unless another has led since. */
  readonly cooldownMillis: number
  /** How long a leader that steps down renews for work that does not stop; then it lets the lease run out (W1). */
  readonly drainMillis: number
}

/** A lease as its store keeps it. */
export interface Lease {
  /** Who holds it, or undefined after a release. */
  readonly holder: string | undefined
  /** Rises with every holder: the fencing token. */
  readonly epoch: number
  /** Changes whenever the holder renews. */
  readonly seq: number
  /** For how long a renewal makes the holder lead, as the holder says. */
  readonly ttlMillis: number
}

/** The lease as last read; undefined in a store that has none. */
export interface Sighting {
  readonly lease: Lease | undefined
  /** Since when the same (epoch, seq) has been read, on this node's clock. */
  readonly sinceMillis: number
}

/** What a contender asks of the store. */
export type LeaseCall =
  | { readonly _tag: "Read" }
  | { readonly _tag: "TakeOver"; readonly from: Lease | undefined; readonly epochMin: number }
  | { readonly _tag: "Renew"; readonly epoch: number }
  | { readonly _tag: "Release"; readonly epoch: number }

/** What became of a call. */
export type LeaseAnswer =
  | { readonly _tag: "Found"; readonly lease: Lease | undefined }
  | { readonly _tag: "Taken"; readonly epoch: number }
  /** A renewal or a release was done. */
  | { readonly _tag: "Done" }
  /** The lease is not as the call supposed; nothing was changed. */
  | { readonly _tag: "Refused" }
  /** No answer, or an error: it may have been done, may still be done later, or never. */
  | { readonly _tag: "Unknown" }

/** A call that is under way. */
export interface PendingCall {
  readonly id: number
  readonly call: LeaseCall
  /** Before it was sent. */
  readonly sentAtMillis: number
}

/** Whether this node holds the lease, and until when. */
export type ContenderRole =
  | { readonly _tag: "Waiting" }
  | {
      readonly _tag: "Holding"
      readonly epoch: number
      /** This node leads before this moment of its own clock, never after. */
      readonly validUntilMillis: number
      readonly renewAtMillis: number
      /** While work stops, so that the lease can be released: until when to renew for it. Undefined otherwise. */
      readonly stopUntilMillis: number | undefined
    }

/** The role of a node that holds the lease. */
export type Holding = Extract<ContenderRole, { readonly _tag: "Holding" }>

/** State of one contender. */
export interface ContenderState {
  /** This node. */
  readonly node: string
  /** This run of this node: what the store knows it by. */
  readonly holder: string
  readonly timing: ContenderTiming
  readonly role: ContenderRole
  readonly sighting: Sighting | undefined
  /** Highest epoch seen; the next one taken lies above it, whatever became of the store. */
  readonly highestEpoch: number
  /** Something else than a read has been asked since the lease was read: it must be read before it is claimed. */
  readonly mustRead: boolean
  readonly pending: PendingCall | undefined
  readonly nextCallId: number
  /** When to look at the lease next. */
  readonly lookAtMillis: number
  /** Before this moment the lease is not taken. */
  readonly standBackUntilMillis: number
  /** The last call was answered. */
  readonly reachable: boolean
}

/** What happens to a contender; `nowMillis` is its own monotonic clock, `random` is uniform in [0, 1). */
export type ContenderEvent =
  /** The moment that `dueAtMillis` named, or any other. */
  | { readonly _tag: "Tick"; readonly nowMillis: number; readonly random: number }
  | {
      readonly _tag: "Answered"
      readonly nowMillis: number
      readonly random: number
      readonly id: number
      readonly answer: LeaseAnswer
    }
  /** Leadership is to be given up; ignored by a node that does not lead. */
  | { readonly _tag: "StepDown"; readonly nowMillis: number; readonly random: number }
  /** The leader's work has ended after `StopLeading`. */
  | {
      readonly _tag: "WorkStopped"
      readonly nowMillis: number
      readonly random: number
      readonly epoch: number
    }

/** What the shell must do, in this order. */
export type ContenderEffect =
  /** Ask the store, without waiting for it here, and report the answer under this id. */
  | { readonly _tag: "Ask"; readonly id: number; readonly call: LeaseCall }
  /** This node leads, with this fencing token. */
  | { readonly _tag: "Lead"; readonly epoch: number }
  /** Interrupt the leader's work, then report `WorkStopped`. */
  | { readonly _tag: "StopLeading"; readonly epoch: number }
  | { readonly _tag: "Lost"; readonly epoch: number; readonly reason: LossReason }

/** Why leadership ended: not confirmed in time, not confirmed any more as work did not stop, found to be another's, or released. */
export type LossReason = "expired" | "overdue" | "taken" | "resigned"

/** Whether this node leads at this moment of its clock; while its work stops it still does. */
export const isLeader = ({ role }: ContenderState, nowMillis: number): boolean =>
  role._tag === "Holding" && nowMillis < role.validUntilMillis

/** How long this node's leadership under an epoch lasts without another confirmation, in ms; 0 once it ended. */
export const leaseLeftMillis =
  (epoch: number) =>
  ({ role }: ContenderState, nowMillis: number): number =>
    role._tag === "Holding" && role.epoch === epoch ? Math.max(0, role.validUntilMillis - nowMillis) : 0

/** Whether the holder still renews at this moment. */
export const renews = ({ stopUntilMillis }: Holding, nowMillis: number): boolean =>
  stopUntilMillis === undefined || nowMillis < stopUntilMillis

/** Whether leadership is being given up: work is stopping, or a release has not been answered. */
export const isSteppingDown = ({ pending, role }: ContenderState): boolean =>
  (role._tag === "Holding" && role.stopUntilMillis !== undefined) || pending?.call._tag === "Release"

/** Who leads as far as this node knows: itself, or another whose lease it has seen renewed lately enough. */
export const knownLeader = (
  state: ContenderState,
  nowMillis: number
): { readonly node: string; readonly epoch: number } | undefined => {
  const { node, role, sighting } = state
  if (role._tag === "Holding") return isLeader(state, nowMillis) ? { node, epoch: role.epoch } : undefined
  const lease = sighting?.lease
  if (lease?.holder === undefined || nowMillis >= expiresAtMillis(state)) return undefined
  // A lease under our own name and not held is an earlier run's: it must not start this run's work.
  const holder = nodeOf(lease.holder)
  return holder === node ? undefined : { node: holder, epoch: lease.epoch }
}

/** When the lease seen is nobody's any more, renewed or not: counted from when we saw it change, on our clock. */
export const expiresAtMillis = ({ sighting, timing }: ContenderState): number =>
  sighting?.lease?.holder === undefined
    ? -Infinity
    : sighting.sinceMillis + sighting.lease.ttlMillis * (1 + timing.drift)

/** When something is due next: a renewal, a look, or the end of somebody's lease; undefined while only an answer is waited for. */
export const dueAtMillis = (state: ContenderState, nowMillis: number): number | undefined => {
  const { pending, role } = state
  const moments =
    role._tag === "Holding"
      ? [
          role.validUntilMillis,
          ...(pending === undefined && renews(role, nowMillis) ? [role.renewAtMillis] : [])
        ]
      : [
          ...(pending === undefined ? [state.lookAtMillis] : []),
          ...[expiresAtMillis(state)].filter((moment) => moment > nowMillis)
        ]
  return moments.length === 0 ? undefined : Math.min(...moments)
}

/** The holder's name in the store: the node, and which run of it, so that two runs are never taken for one. */
export const holderName = (node: string, run: string): string => `${node}#${run}`

/** The node in a holder's name. */
export const nodeOf = (holder: string): string => {
  const end = holder.lastIndexOf("#")
  return end === -1 ? holder : holder.slice(0, end)
}
