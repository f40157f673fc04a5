/** Lease messages that wait for the next chance to be sent, per peer. */
import type { NodeId } from "@coterie/membership"

import type { LeaseMessage } from "./core/leaseMessages.ts"

/** Messages that wait for one peer at most; one that cannot be reached loses the oldest. */
const waitingMax = 8

/** An empty outbox. */
export const makeLeaseOutbox = () => {
  const waiting = new Map<NodeId, ReadonlyArray<LeaseMessage>>()
  return {
    /** Adds a message; false when the oldest had to go for it. */
    put: (to: NodeId, message: LeaseMessage): boolean => {
      const before = waiting.get(to) ?? []
      waiting.set(to, [...before.slice(-(waitingMax - 1)), message])
      return before.length < waitingMax
    },
    /** Takes everything that waits for a peer. */
    take: (peer: NodeId): ReadonlyArray<LeaseMessage> => {
      const messages = waiting.get(peer) ?? []
      waiting.delete(peer)
      return messages
    },
    /** Peers for whom something waits. */
    peers: (): ReadonlyArray<NodeId> => [...waiting.keys()]
  }
}
