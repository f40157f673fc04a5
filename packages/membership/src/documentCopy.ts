/**
 * This node's copy of a document: what it holds, who is told when it changes, and which peers hold something
 * else.
 */
import { Effect, Metric, Schema } from "effect"

import { makeChangeFeed } from "./changeFeed.ts"
import type { Sealed } from "./documentCodec.ts"
import type { NodeId } from "./Membership.ts"
import type { Divergence, Versioned } from "./VersionedDocument.ts"

/** The given version is not higher than the one held; read `current` and decide again. */
export class VersionNotNewer extends Schema.TaggedError<VersionNotNewer>()("VersionNotNewer", {
  document: Schema.String,
  held: Schema.Int,
  given: Schema.Int
}) {
  override get message(): string {
    return `document ${this.document} is at version ${this.held}; the next one is higher, not ${this.given}`
  }
}

/** Peers that are remembered as reported; beyond, they are reported anew. */
const reportedMax = 1024

const divergencesTotal = Metric.counter("document_divergences_total", {
  description: "Equal versions with different content, by document",
  incremental: true
})

/** A copy that starts with the given content. */
export const makeDocumentCopy = Effect.fnUntraced(function* <A>(document: string, initial: Sealed<A>) {
  const changes = yield* makeChangeFeed<Versioned<A>>(`document:${document}`)
  const divergences = yield* makeChangeFeed<Divergence>(`divergences:${document}`)
  /** The content of each peer that was reported as diverging from what is held. */
  const reported = new Map<NodeId, string>()
  let held = initial

  return {
    held: () => held,
    changes: changes.stream,
    divergences: divergences.stream,

    /** Takes over a strictly higher version. */
    adopt: (next: Sealed<A>) =>
      Effect.suspend(() => {
        const { version } = next.revision
        if (version <= held.revision.version) {
          return Effect.fail(new VersionNotNewer({ document, held: held.revision.version, given: version }))
        }
        held = next
        reported.clear()
        changes.publishUnsafe({ value: next.value, ...next.revision })
        return Effect.void
      }),

    /** Reports a peer's different content once. */
    reportDivergence: Effect.fnUntraced(function* (peer: NodeId, peerDigest: string) {
      if (reported.get(peer) === peerDigest) return
      if (reported.size >= reportedMax) reported.clear()
      reported.set(peer, peerDigest)
      const { version, digest } = held.revision
      divergences.publishUnsafe({ peer, version, localDigest: digest, peerDigest })
      yield* Metric.update(Metric.withAttributes(divergencesTotal, { document }), 1)
      yield* Effect.logWarning("equal versions with different content", { document, peer, version })
    })
  }
})
