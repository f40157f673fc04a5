/**
 * The order of everything that can be said about one member: merging two views is taking the greater key.
 *
 * Keys are compared as (generation, instance, left, incarnation, rank), so merging is a join-semilattice: the order, grouping and number of
 * arrivals do not matter. `left` beats all else of its process; only a newer process of that member comes after it.
 */

/** Standing of a member in the order of keys; `left` has said goodbye and is final for its process. */
export type MemberStanding = "alive" | "suspect" | "dead" | "left"

/** One run of a member's process; the greater one is the newer, or the winner of a name conflict. */
export interface MemberProcess {
  /** 0 to `generationMax`: a persisted counter, or wall-clock ms at boot; only the owner raises it. */
  readonly generation: number
  /** 128 random bits of the process, as 32 lower-case hexadecimal digits. */
  readonly instance: string
}

/** Where something said about a member stands in the order of keys. */
export interface MemberKey extends MemberProcess {
  /** 0 to 2^32 - 1; only the owner raises it. */
  readonly incarnation: number
  readonly kind: MemberStanding
}

/** Greatest incarnation; a member accused at it moves on to the next generation. */
export const incarnationMax = 2 ** 32 - 1

/** Greatest generation, 140,000 years of wall clock; nobody accepts a greater one, and sums with it are still exact. */
export const generationMax = 2 ** 52 - 1

/** Negative when `one` is an older process than `other`, 0 for the same process, else positive. */
export const compareProcesses = (one: MemberProcess, other: MemberProcess): number => {
  if (one.generation !== other.generation) return one.generation < other.generation ? -1 : 1
  if (one.instance === other.instance) return 0
  return one.instance < other.instance ? -1 : 1
}

/** Negative when `one` is below `other`, 0 when they are equal, else positive. */
export const compareKeys = (one: MemberKey, other: MemberKey): number => {
  const process = compareProcesses(one, other)
  if (process !== 0) return process
  const left = Number(one.kind === "left") - Number(other.kind === "left")
  if (left !== 0) return left
  return one.incarnation === other.incarnation
    ? rank[one.kind] - rank[other.kind]
    : one.incarnation - other.incarnation
}

/** The greater of two keys; the first when they are equal. */
export const joinKeys = <Key extends MemberKey>(one: Key, other: Key): Key =>
  compareKeys(one, other) < 0 ? other : one

const rank: Readonly<Record<MemberStanding, number>> = { alive: 0, suspect: 1, dead: 2, left: 0 }
