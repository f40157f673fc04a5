/** What a member says about itself, and the facts that members tell one another about members. */
import type { MemberKey } from "./memberKey.ts"

/** Protocol versions that a member understands and the one that it speaks: integers from 0 to 255, `min <= current <= max`. */
export interface ProtocolVersions {
  readonly min: number
  readonly current: number
  readonly max: number
}

/**
 * A member's announcement of itself. Address, metadata, versions and capabilities are functions of (generation, instance, incarnation): the
 * owner raises the incarnation to change one. Never changed once made, so any number of views may share one record.
 */
export interface MemberRecord extends MemberKey {
  readonly kind: "alive"
  /** 1 to 128 printable ASCII characters. */
  readonly id: string
  /** Where packets reach it, in the form of the transport, such as `10.0.0.7:7946`; at most 256 characters. */
  readonly address: string
  /** Labels; all of them must fit in a packet. */
  readonly metadata: Readonly<Record<string, string>>
  readonly versions: ProtocolVersions
  /** Bits of `capability`, 0 to 2^32 - 1; unknown bits are kept and ignored. */
  readonly capabilities: number
}

/** What a member can do beyond the protocol's base, as bits of `MemberRecord.capabilities`. */
export const capability = {
  /** Answers pings over a stream. */
  streamPing: 1
} as const

/** What a prober saw when it gave a member up; counts are 0 to 255. */
export interface Evidence {
  /** `silence`: nothing came back; `unreachable`: sending failed at once; `not_me`: another process answered at the address. */
  readonly cause: "silence" | "unreachable" | "not_me"
  /** Helpers that were asked to ping it too. */
  readonly helpers: number
  /** Helpers that reported that they got no answer either. */
  readonly nacks: number
  /** A ping over a stream was tried and failed as well. */
  readonly stream: boolean
  /** Other members that confirmed the suspicion before it ran out; 0 for a suspicion. */
  readonly confirmations: number
}

/** A doubt (`suspect`) or verdict (`dead`) about a member at the key that the accuser knew; anybody may tell it on, unchanged. */
export interface Accusation extends MemberKey {
  readonly kind: "suspect" | "dead"
  readonly id: string
  /** Who accuses, kept when others tell it on. */
  readonly by: string
  readonly evidence: Evidence
}

/** The process of a member is over on purpose; final for its (generation, instance). */
export interface Departure extends MemberKey {
  readonly kind: "left"
  readonly id: string
  /** The member itself, or who forced it out. */
  readonly by: string
}

/** A fact about one member. */
export type MemberFact = MemberRecord | Accusation | Departure

/** Whether two records of one key say the same, as they must. */
export const sameAttributes = (one: MemberRecord, other: MemberRecord): boolean =>
  one === other ||
  (one.address === other.address &&
    one.capabilities === other.capabilities &&
    one.versions.min === other.versions.min &&
    one.versions.current === other.versions.current &&
    one.versions.max === other.versions.max &&
    sameMetadata(one.metadata, other.metadata))

const sameMetadata = (one: MemberRecord["metadata"], other: MemberRecord["metadata"]): boolean => {
  if (one === other) return true
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
