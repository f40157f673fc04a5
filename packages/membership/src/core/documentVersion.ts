/**
 * What a node does when it hears which version of a document a peer has (rule Q9 of the seed's quorum
 * manager).
 *
 * Beyond the seed: equal versions with different content are told apart by a digest instead of never being
 * noticed.
 */

/** A version of a document: its number, and the digest of its content. */
export interface Revision {
  readonly version: number
  readonly digest: string
}

/** What to do about a peer's revision. */
export type DocumentDecision =
  | { readonly _tag: "Pull" }
  | { readonly _tag: "Diverged" }
  | { readonly _tag: "Stay"; readonly reason: "same" | "peer_is_behind" | "no_address" }

/** Pulls only from a peer with a higher version whose address is known. */
export const decide = (local: Revision, peer: Revision, addressKnown: boolean): DocumentDecision => {
  if (peer.version > local.version) return addressKnown ? { _tag: "Pull" } : stay("no_address")
  if (peer.version < local.version) return stay("peer_is_behind")
  return peer.digest === local.digest ? stay("same") : { _tag: "Diverged" }
}

const stay = (reason: "same" | "peer_is_behind" | "no_address"): DocumentDecision => ({
  _tag: "Stay",
  reason
})
