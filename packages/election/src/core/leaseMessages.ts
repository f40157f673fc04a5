/** What the nodes of a leased quorum say to one another: plain JSON that fits in a heartbeat (`null` for nothing). */

/** Asks an acceptor for its grant, or (`query`) only for what it knows. */
export type LeaseRequest = {
  readonly _tag: "Request"
  readonly kind: "bid" | "renew" | "query"
  /** 0 for a query. */
  readonly epoch: number
  /** Sender's clock before sending, in ms, returned unread in the answer: validity counts from here (R4). */
  readonly sentAtMillis: number
  /** The sender's `configOf`, a hash of its voters and its lease; another one than the acceptor's own is refused (R12). */
  readonly config: string
}

/**
 * Why an acceptor said no: it just restarted, another holds its grant, the epoch is old, it keeps its vote for a successor, it waits for a
 * better candidate, the sender closed the epoch, or their configurations differ.
 */
export type LeaseRefusal = "booting" | "held" | "stale" | "reserved" | "deferred" | "closed" | "config"

/** An acceptor's grant as others learn it: a remaining time, since clocks are not shared. */
export type GrantReport = {
  readonly holder: string
  readonly epoch: number
  readonly remainingMillis: number
  /** The holder has renewed it, so it has won; before that it may be a bid that fails. */
  readonly established: boolean
}

/** Answer to a request; `verdict` is null for a query. */
export type LeaseAnswer = {
  readonly _tag: "Answer"
  readonly kind: LeaseRequest["kind"]
  readonly epoch: number
  readonly sentAtMillis: number
  readonly verdict: "granted" | LeaseRefusal | null
  /** Highest epoch that the acceptor has promised. */
  readonly promised: number
  readonly grant: GrantReport | null
  /** The acceptor sees a majority alive, so leadership may be handed to it. */
  readonly seesQuorum: boolean
  /** False after it stepped down, for one cooldown. */
  readonly willing: boolean
}

/** The sender will never hold `epoch` again; acceptors may keep their grant for `reserveFor` for a moment (R7, R8). */
export type LeaseRelease = {
  readonly _tag: "Release"
  readonly epoch: number
  readonly reserveFor: string | null
}

/** Any message of the protocol. */
export type LeaseMessage = LeaseRequest | LeaseAnswer | LeaseRelease
