/** Whether this node may decide about a group: it must lead it, and nothing may be under way. */

/** The part of a group's status that matters here. */
interface Reading {
  readonly self: string
  readonly leader: string | undefined
  readonly term: number | undefined
  readonly electing: boolean
}

/** Why this node may not decide about the group now. */
export type NotOurs =
  | { readonly _tag: "electing" }
  | { readonly _tag: "notLeader"; readonly leader: string | undefined }
  | { readonly _tag: "settling" }

/** Why this node may not decide about the group, or undefined when it may. */
export const whyNotOurs = ({ self, leader, electing }: Reading): NotOurs | undefined => {
  if (electing || leader === undefined) return { _tag: "electing" }
  return leader === self ? undefined : { _tag: "notLeader", leader }
}

/** Why this node may not act on what it measured, or undefined when it still leads in the same term. */
export const whyNoLonger = (measured: Reading, now: Reading): NotOurs | undefined =>
  whyNotOurs(now) ?? (now.term === measured.term ? undefined : { _tag: "settling" })
