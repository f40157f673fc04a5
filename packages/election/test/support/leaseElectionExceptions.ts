/** What `LeaseElection` does not promise, and why: it asks the store, not the other members. `found` is how the case must fail. */
export const leaseExceptions: Readonly<Record<string, { readonly found: string; readonly because: string }>> =
  {
    "elects-one": { found: "none", because: "its quorum is the store: one of one, not the members alive" },
    "none-without-quorum": { found: "a", because: "a node that reaches the store needs no other node" },
    transfers: { found: "unsupported", because: "whoever asks first takes the lease" },
    "explains-everyone": { found: "a", because: "nodes need not know each other" }
  }
