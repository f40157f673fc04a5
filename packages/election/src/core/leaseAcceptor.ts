/**
 * The acceptor of a leased quorum: to whom this node lends its vote, and until when (rules R2, R3 and R7).
 *
 * Safety rests here: one unexpired grant at a time, no epoch granted to two bids, and the promise on disk before the answer leaves.
 */
import type { GrantReport, LeaseRefusal, LeaseRelease, LeaseRequest } from "./leaseMessages.ts"

/** This node's vote on loan. */
export interface LeaseGrant {
  readonly holder: string
  readonly epoch: number
  readonly expiresAtMillis: number
  readonly established: boolean
}

/** State of an acceptor; only `promised` survives a restart. */
export interface LeaseAcceptor {
  /** Highest epoch granted, 0 for none ever. */
  readonly promised: number
  readonly grant: LeaseGrant | undefined
  /** A moment kept free for the node that leadership is handed to. */
  readonly reserve: { readonly to: string; readonly untilMillis: number } | undefined
  /** Grants nothing before: a grant from before the restart may still be valid at its holder (R3). */
  readonly bootUntilMillis: number
  /** Highest epoch each member has released: a late duplicate of a request for it is refused. */
  readonly released: ReadonlyMap<string, number>
}

/** How long a grant lasts on the acceptor's clock, and how much earlier its holder stops. */
export interface LeaseTiming {
  readonly leaseMillis: number
  readonly guardMillis: number
}

/** A fresh or restarted acceptor. It waits out a lease unless it never promised anything. */
export const startAcceptor = (promised: number, nowMillis: number, timing: LeaseTiming): LeaseAcceptor => ({
  promised,
  grant: undefined,
  reserve: undefined,
  bootUntilMillis: promised === 0 ? nowMillis : nowMillis + timing.leaseMillis + timing.guardMillis,
  released: new Map()
})

/** The grant while it lasts. */
export const activeGrant = ({ grant }: LeaseAcceptor, nowMillis: number): LeaseGrant | undefined =>
  grant !== undefined && nowMillis < grant.expiresAtMillis ? grant : undefined

/** The grant as told to others. */
export const reportGrant = (acceptor: LeaseAcceptor, nowMillis: number): GrantReport | null => {
  const grant = activeGrant(acceptor, nowMillis)
  if (grant === undefined) return null
  const { epoch, established, expiresAtMillis, holder } = grant
  return { holder, epoch, remainingMillis: expiresAtMillis - nowMillis, established }
}

/** Whom the acceptor keeps its vote for, while that lasts. */
export const reservedFor = ({ reserve }: LeaseAcceptor, nowMillis: number): string | undefined =>
  reserve !== undefined && nowMillis < reserve.untilMillis ? reserve.to : undefined

/** Whether the acceptor keeps its vote for somebody else than this member. */
export const isReservedForAnother = (acceptor: LeaseAcceptor, id: string, nowMillis: number): boolean => {
  const reserved = reservedFor(acceptor, nowMillis)
  return reserved !== undefined && reserved !== id
}

/** Decides on a bid or renewal. When `promised` grew it must be on disk before the verdict is sent. */
export const decideGrant = (
  acceptor: LeaseAcceptor,
  from: string,
  request: LeaseRequest,
  { nowMillis, leaseMillis }: { readonly nowMillis: number; readonly leaseMillis: number }
): readonly [LeaseAcceptor, "granted" | LeaseRefusal] => {
  const refused = refusal(acceptor, from, request, nowMillis)
  if (refused !== undefined) return [acceptor, refused]
  const established = request.kind === "renew" || (activeGrant(acceptor, nowMillis)?.established ?? false)
  return [
    {
      ...acceptor,
      promised: Math.max(acceptor.promised, request.epoch),
      grant: { holder: from, epoch: request.epoch, expiresAtMillis: nowMillis + leaseMillis, established },
      reserve: undefined
    },
    "granted"
  ]
}

const refusal = (
  acceptor: LeaseAcceptor,
  from: string,
  { epoch, kind }: LeaseRequest,
  nowMillis: number
): LeaseRefusal | undefined => {
  if (nowMillis < acceptor.bootUntilMillis) return "booting"
  const grant = activeGrant(acceptor, nowMillis)
  if (grant !== undefined && grant.holder !== from) return "held"
  if (epoch <= (acceptor.released.get(from) ?? 0)) return "closed"
  // A renewal is for an epoch that a quorum promised to its sender alone; a bid's epoch must be new, or be its own repeated.
  const oldestAccepted =
    kind === "renew" || grant?.epoch === epoch ? acceptor.promised : acceptor.promised + 1
  if (epoch < oldestAccepted) return "stale"
  return isReservedForAnother(acceptor, from, nowMillis) ? "reserved" : undefined
}

/** Frees the sender's grant, keeps a moment free for its chosen successor, and closes the epoch for late duplicates. */
export const acceptRelease = (
  acceptor: LeaseAcceptor,
  from: string,
  release: LeaseRelease,
  { nowMillis, reserveMillis }: { readonly nowMillis: number; readonly reserveMillis: number }
): LeaseAcceptor => {
  if (release.epoch <= (acceptor.released.get(from) ?? 0)) return acceptor
  const grant = activeGrant(acceptor, nowMillis)
  const frees = grant === undefined || (grant.holder === from && grant.epoch <= release.epoch)
  return {
    ...acceptor,
    grant: frees ? undefined : grant,
    reserve:
      frees && release.reserveFor !== null
        ? { to: release.reserveFor, untilMillis: nowMillis + reserveMillis }
        : acceptor.reserve,
    released: new Map(acceptor.released).set(from, release.epoch)
  }
}
